// An event source that gives nothing and fails.
export function failingWith(error: Error): AsyncIterable<never> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        throw error
      },
    }),
  }
}
