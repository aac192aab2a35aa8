// What stands behind npm run eval: a command, its files, and only options that it heeds. One that it would pass over
// in silence, as half of a gate, would be answered by the figures of something else.
import { parseArgs } from 'node:util'
import { InputError } from '../core/errors.ts'
import { usage } from './usage.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const chosen = { set: text, library: text, half: text, only: text, sample: text, seed: text, size: text }
const running = { parallel: text, run: text, cache: text, fresh: flag, url: text, key: text, database: text }
const judging = { wice: text, planted: text, temperature: text, scorecards: text, 'judge-cache': text, out: text }
const feedback = { cases: text, date: text, check: flag }
const fitting = { clapnq: text, squad: text, ridge: text }
const others = { baseline: text, update: flag, judge: flag, failures: flag, help: flag }
const all = { ...chosen, ...running, ...judging, ...feedback, ...fitting, ...others }

const own = ['set', 'library']
const judge = ['parallel', 'temperature', 'judge-cache', 'scorecards', 'out']

const heeded: Readonly<Record<string, readonly string[]>> = {
  '': [...Object.keys(chosen), ...Object.keys(running), 'judge', ...judge],
  ablate: own,
  turns: own,
  fit: [...own, 'only', 'sample', 'seed', ...Object.keys(fitting)],
  compare: [],
  gate: [...own, 'baseline', 'update', 'fresh', 'parallel', 'run', 'cache'],
  report: ['baseline', 'out'],
  'from-feedback': ['library', 'url', 'database', ...Object.keys(feedback)],
  judge,
  'judge-check': [...judge, 'wice', 'planted', 'sample', 'seed'],
  planted: ['seed', 'failures'],
  clapnq: [],
  squad: ['sample', 'seed'],
  chunking: ['size'],
  rewrites: [],
  wice: [],
  bipia: ['library'],
  beir: ['only'],
}

/** Throws InputError that has the usage, or names the option. */
export function readArguments(args: readonly string[]) {
  const { values, positionals } = parse(args)
  const [name = '', ...files] = positionals
  const taken = heeded[name]
  if (!taken) throw misused(`There is no command ${JSON.stringify(name)}.`)
  const lost = Object.keys(values).find((option) => option !== 'help' && !taken.includes(option))
  if (lost) {
    const list = taken.length === 0 ? 'no option' : taken.map((option) => `--${option}`).join(', ')
    throw new InputError('usage', `${name || 'npm run eval'} does not heed --${lost}: it takes ${list}.`)
  }
  if (values.url !== undefined && !/^https?:$/.test(URL.parse(values.url)?.protocol ?? ''))
    throw new InputError('usage', `--url is ${JSON.stringify(values.url)}: give an address as http://localhost:3000.`)
  return { name, files, values }
}

/** The fault last: above the usage it would scroll away. */
export function misused(fault: string): InputError {
  return new InputError('usage', `${usage}\n\n${fault}`)
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: all })
  } catch (error) {
    throw misused(error instanceof Error ? error.message : '')
  }
}
