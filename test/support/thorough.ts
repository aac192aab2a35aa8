// Proofs by repetition: in every run as often as a minute allows, with TEST_THOROUGH=1 as often as they are claimed for.
export const isThorough = process.env['TEST_THOROUGH'] === '1'

/** How often to repeat: all of it, or a tenth. */
export function repeats(all: number): number {
  return isThorough ? all : Math.ceil(all / 10)
}

/** Which places to try, out of so many: each, or every seventh. Seven divides no frame and no character. */
export function places(all: number): number[] {
  return Array.from({ length: all }, (_, place) => place).filter((place) => isThorough || place % 7 === 0)
}
