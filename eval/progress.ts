// What a person sees while questions are answered: a bar on a terminal, nothing elsewhere.
import { Presets, SingleBar } from 'cli-progress'

export type Progress = { readonly step: (isKept: boolean) => void; readonly stop: () => void }

/** From the first answer on: before it, the library may be learned, which has a bar of its own. */
export function showQuestions(total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  const format = '  {bar} {value}/{total} questions · {kept} as before · {eta_formatted} left'
  const bar = new SingleBar({ format, stream, hideCursor: true, clearOnComplete: true }, Presets.shades_classic)
  let kept = 0
  return {
    step: (isKept) => {
      if (isKept) kept++
      if (!stream.isTTY) return
      if (!bar.isActive) bar.start(total, 0, { kept })
      bar.increment(1, { kept })
    },
    stop: () => bar.stop(),
  }
}
