// What models cost, as MODEL_PRICES writes it: model=input/output, by commas.

/** In US dollars per million tokens. */
export type Price = { readonly inputUsd: number; readonly outputUsd: number }

// A model's name may hold anything but a comma, an equals sign too.
export const priceList = /^(?:[^,]*[^,\s]=\d+(?:\.\d+)?\/\d+(?:\.\d+)?(?:,(?!$)|$))+$/

/** Null: the list, which `priceList` matches, does not have this model. */
export function priceOf(list: string, model: string): Price | null {
  const entry = list.split(',').find((each) => each.slice(0, each.lastIndexOf('=')).trim() === model)
  if (!entry) return null
  const [inputUsd = 0, outputUsd = 0] = entry
    .slice(entry.lastIndexOf('=') + 1)
    .split('/')
    .map(Number)
  return { inputUsd, outputUsd }
}
