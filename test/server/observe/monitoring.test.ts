// Alert rules, dashboard and documentation speak of the metrics that a running server has, and of all of them.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import type { SearchStore } from '../../../core/ports.ts'
import { openTestApp, openTestLibrary, slowGenerator } from '../../support/app.ts'
import { emptyStore, outage } from '../../support/fake-store.ts'
import { type Samples, samplesOf } from '../../support/metrics.ts'

const read = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8')

const ruleFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.union([
          z.strictObject({ record: z.string(), expr: z.string() }),
          z.strictObject({
            alert: z.string(),
            expr: z.string(),
            for: z.string().optional(),
            labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
            annotations: z.strictObject({ summary: z.string() }),
          }),
        ]),
      ),
    }),
  ),
})
const dashboardFile = z.looseObject({
  uid: z.string(),
  panels: z.array(
    z.looseObject({
      id: z.int(),
      title: z.string(),
      gridPos: z.strictObject({ h: z.int(), w: z.int(), x: z.int(), y: z.int() }),
      targets: z.array(z.strictObject({ refId: z.string(), expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
})

const rules = ruleFile.parse(parse(read('monitoring/alerts.yaml'))).groups.flatMap((group) => group.rules)
const dashboard = dashboardFile.parse(JSON.parse(read('monitoring/dashboard.json')))
const expressions = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]

const origins = async () => [{ name: 'blog', kind: 'feed', schedule: '1h', nextAt: '2026-01-01T00:00:00.000Z' }]

let samples: Samples
beforeAll(async () => {
  const library = await openTestLibrary()
  const ended = { state: 'finished', beganAt: '2026-01-01T00:00:00.000Z', endedAt: null, report: { failed: 0 } }
  const generator = slowGenerator(['Stripe runs four limiters [1].'], 1)
  let failing = false
  const candidates: SearchStore['candidates'] = async (...asked) => {
    if (failing) throw outage()
    return await library.store.search.candidates(...asked)
  }
  const store = { ...library.store, search: { ...library.store.search, candidates } }
  const app = openTestApp(
    { ...library, store },
    {
      generator,
      replies: emptyStore().replies,
      syncing: { origins, list: async () => [ended] } as never,
    },
  )
  await app.post('/v1/ask', { question: 'How does Stripe rate limit requests?' })
  failing = true
  // Faults are counted by codes that are not known before.
  await app.post('/v1/ask', { question: 'How does Stripe rate limit requests?', mode: 'extractive' })
  samples = samplesOf(await (await app.get('/metrics')).text())
})

/** Every metric that an expression reads, with the label matchers that stand behind it. */
function selectorsIn(expr: string) {
  return Array.from(expr.matchAll(/\b((?:footnote|process)_\w+)(?:\{([^}]*)\})?/g), ([, name = '', matchers = '']) => ({
    name,
    matchers: Array.from(matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g), ([, label = '', how = '', value = '']) => ({
      label,
      how,
      value,
    })),
  }))
}

describe('monitoring', () => {
  it('has balanced expressions', () => {
    for (const expr of expressions)
      for (const [open, close] of ['()', '[]', '{}'])
        expect(expr.split(open!).length, expr).toBe(expr.split(close!).length)
    expect(expressions.length).toBeGreaterThan(50)
  })

  it('reads only metrics, labels, values and buckets that there are', () => {
    for (const { name, matchers } of expressions.flatMap(selectorsIn)) {
      const own = samples.series().filter((each) => each === name || each.startsWith(`${name}{`))
      expect(own.length, name).toBeGreaterThan(0)
      for (const { label, how, value } of matchers) {
        const values = how.endsWith('~') ? value.split('|') : [value]
        const missing = values.filter((each) => !own.some((one) => one.includes(`${label}="${each}"`)))
        expect(missing, `${label} of ${name}`).toEqual([])
      }
    }
  })

  it('alerts on recorded ratios that are recorded', () => {
    const recorded = new Set(rules.flatMap((rule) => ('record' in rule ? [rule.record] : [])))
    const used = rules.flatMap(({ expr }) => expr.match(/footnote:\w+:\w+/g) ?? [])
    expect(new Set(used)).toEqual(recorded)
    const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []))
    expect(new Set(alerts).size).toBe(alerts.length)
  })

  it('looks at every metric on the dashboard, and overlaps no two panels', () => {
    const shown = dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => selectorsIn(expr)))
    const names = new Set(shown.map(({ name }) => name.replace(/_(?:bucket|count|sum)$/, '')))
    expect(samples.families().filter((family) => !names.has(family))).toEqual([])
    const places = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
    )
    expect(new Set(places).size).toBe(places.length)
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })

  it('documents every metric, and none that there is not', () => {
    const rows = Array.from(
      read('operations.md').matchAll(/^\| `((?:footnote|process)_\w+)`/gm),
      ([, name = '']) => name,
    )
    expect(rows.toSorted()).toEqual([...samples.families()].toSorted())
  })

  it('documents every alert', () => {
    const text = read('operations.md')
    const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule.alert.replace(/Burn.*/, 'Burn…')] : []))
    expect([...new Set(alerts)].filter((alert) => !text.includes(`\`${alert}\``))).toEqual([])
  })
})
