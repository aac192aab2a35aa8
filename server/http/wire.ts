// Our objects as JSON: the same fields in snake_case.

type Snake<Key extends string> = Key extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${Snake<Rest>}`
  : Key

/** What `toWire` makes of a type. */
export type Wire<Value> = Value extends readonly (infer Entry)[]
  ? Wire<Entry>[]
  : Value extends object
    ? { -readonly [Key in keyof Value as Key extends string ? Snake<Key> : never]: Wire<Value[Key]> }
    : Value

/** A copy with every key in snake_case, at any depth. Values, strings above all, stay as they are. */
export function toWire<Value>(value: Value): Wire<Value> {
  return copied(value) as Wire<Value>
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), copied(inner)]))
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** And back. */
export function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), fromWire(inner)]))
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
