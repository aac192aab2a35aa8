/** The clock of this machine, the same in every process of it. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
