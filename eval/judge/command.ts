// npm run eval -- judge <run.json>, and judge-check: a model's opinion of a run, and what that opinion is worth.
import { AppError, InputError } from '../../core/errors.ts'
import { type JudgeCommand, type Options, readCount, readDocuments, say } from '../command.ts'
import { readRun, writeRun, writeWhole } from '../record.ts'
import { openJudge, type Spent } from './ask.ts'
import { checkPlanted, checkWice } from './check.ts'
import { expectMeasured, judgedTable, withScores } from './judged.ts'
import { judgeRun } from './run.ts'
import { scorecardOf, scorecardPath, scorecardTable, standingOf, writeScorecard } from './scorecard.ts'

const CACHE = 'eval/runs/judge'
const SCORECARDS = 'eval/scorecards'
const PARALLEL = '4'

/** Lines of the table. Throws AppError `unmeasured`, when all is written, if too much could not be judged. */
export const judge: JudgeCommand = async ([path, more], options, { generator }, signal) => {
  if (!path || more !== undefined)
    throw new InputError('usage', 'Give the file of one run: npm run eval -- judge <run.json>.')
  const run = await readRun(path)
  const how = { ...readOptions(options), parallel: readCount('parallel', options.parallel ?? PARALLEL) }
  const { judged, spent } = await judgeRun(run, await generator(how.temperature), how, signal)
  const verdicts = path.replace(/(\.json)?$/, '.judged.json')
  await writeWhole(verdicts, `${JSON.stringify(judged, null, 1)}\n`)
  if (options.out) await writeRun(options.out, withScores(run, judged))
  say(`${costOf(spent)} The verdicts are in ${verdicts}.`)
  expectMeasured(judged)
  return [...judgedTable(judged), '', await standingOf(options.scorecards ?? SCORECARDS, judged.judge)]
}

/** Lines of the scorecard. Throws AppError `judge-refused` that has them, when it is written, if the judge may not gate. */
export const judgeCheck: JudgeCommand = async (files, options, { generator, learn }, signal) => {
  const { wice: labelled, planted: library } = options
  if (files.length > 0 || (!labelled && !library))
    throw new InputError('usage', 'Give what to check the judge with: --wice <folder>, --planted <folder>, or both.')
  const { temperature, ...how } = readOptions(options)
  const parallel = readCount('parallel', options.parallel ?? PARALLEL)
  const sentences = readCount('sample', options.sample ?? '100')
  const seed = readCount('seed', options.seed ?? '7')
  const judge = await openJudge(await generator(temperature), how)
  const documents = library ? await readDocuments('planted', library, learn) : null
  const scorecard = scorecardOf(judge.identity, {
    wice: labelled ? await checkWice(judge, labelled, parallel, signal) : null,
    planted: documents && (await checkPlanted(judge, documents, { sentences, parallel, seed }, signal)),
  })
  const path = options.out ?? scorecardPath(options.scorecards ?? SCORECARDS, judge.identity)
  await writeScorecard(path, scorecard)
  say(`${costOf(judge.spent())} The scorecard is in ${path}.`)
  const lines = scorecardTable(scorecard)
  if (!scorecard.mayGate) throw new AppError('judge-refused', lines.join('\n'))
  return lines
}

function readOptions({ temperature = '0', 'judge-cache': cache = CACHE }: Options) {
  if (temperature === 'model') return { temperature: null, parameters: {}, cache }
  if (!/^[01](\.\d+)?$/.test(temperature))
    throw new InputError(
      'usage',
      `--temperature is ${JSON.stringify(temperature)}: give a number from 0 on, or "model".`,
    )
  return { temperature: Number(temperature), parameters: { temperature: Number(temperature) }, cache }
}

function costOf({ calls, kept, inputTokens, outputTokens, costUsd }: Spent): string {
  const tokens = `${inputTokens} tokens in and ${outputTokens} out, ${costUsd.toFixed(4)} USD`
  return `${calls} calls (${tokens}); ${kept} replies were kept from before.`
}
