// Lists of sites, as browsers name them in `Origin`: no path, lower case, without the port that goes without saying.

export function isOriginList(list: string): boolean {
  return list.split(',').every((origin) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin)
}
