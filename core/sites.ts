// Which machine a name means, and lists of sites as browsers name them in `Origin`.

/** As a setting or in a URL: what only programs on this machine can connect to. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)
}

/** No path, lower case, without the port that goes without saying. */
export function isOriginList(list: string): boolean {
  return list.split(',').every((origin) => /^https?:/.test(origin) && URL.parse(origin)?.origin === origin)
}
