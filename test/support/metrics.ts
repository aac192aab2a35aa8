// Reads the text of /metrics as Prometheus does: one sample a line, a name with labels and a figure.
export type Samples = {
  /** The sum of all samples of this name that have these labels; undefined: there is none. */
  (name: string, labels: Readonly<Record<string, string>>): number | undefined
  /** every name with its labels, as written */
  readonly series: () => readonly string[]
  /** names as they are declared: of a histogram one, without its endings */
  readonly families: () => readonly string[]
}

export function samplesOf(text: string): Samples {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const samples = lines.map((line) => {
    const at = line.lastIndexOf(' ')
    const [series, value] = [line.slice(0, at), Number(line.slice(at + 1))]
    const labels = Array.from(series.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g), ([, name = '', text = '']) => [name, text])
    return {
      series,
      name: series.replace(/\{.*/s, ''),
      labels: Object.fromEntries(labels) as Record<string, string>,
      value,
    }
  })
  const found: Samples = Object.assign(
    (name: string, labels: Readonly<Record<string, string>>) => {
      const own = samples.filter(
        (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
      )
      return own.length === 0 ? undefined : own.reduce((sum, { value }) => sum + value, 0)
    },
    {
      series: () => samples.map(({ series }) => series),
      families: () => Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name = '']) => name),
    },
  )
  return found
}
