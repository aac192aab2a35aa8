// The page of the API in a real Chromium, over the real server.
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openTestApp, openTestLibrary } from '../support/app.ts'
import { chromiumPath, launchBrowser, openPage, type WatchedPage } from '../support/browser.ts'
import { operationsOf, readOpenApi, shownIn } from '../support/openapi.ts'
import { type Serving, serving } from '../support/serving.ts'
import type { WireAnswer } from '../support/wire.ts'

const run = promisify(execFile)

describe.skipIf(!chromiumPath)('/docs in a browser (needs CHROMIUM_PATH, the path of a Chromium)', () => {
  let browser: Browser
  let server: Serving
  let library: Awaited<ReturnType<typeof openTestLibrary>>
  let watched: WatchedPage

  beforeAll(async () => {
    browser = await launchBrowser()
    library = await openTestLibrary()
    server = await serving(openTestApp(library))
  })
  afterAll(async () => {
    await browser.close()
    await server[Symbol.asyncDispose]()
  })
  // Every test is also a test of this: no error, no request to another host, no violation of the policy.
  afterEach(async () => {
    expect(watched.faults).toEqual([])
    await watched.page.close()
  })

  async function open(hash = '', options: Parameters<typeof openPage>[2] = {}): Promise<Page> {
    watched = await openPage(browser, `${server.url}/docs${hash}`, options)
    if (options.script ?? true) await watched.page.locator('.route').first().waitFor()
    return watched.page
  }

  const api = async () => readOpenApi(await (await fetch(`${server.url}/openapi.json`)).json())

  it('shows every operation, every schema and every example', async () => {
    const page = await open()
    const { components } = await api()
    expect(await page.locator('.route').count()).toBe(operationsOf(await api()).length)
    expect(await page.locator('.route option').count()).toBe(shownIn(await api()).length)
    expect(await page.locator('.named h3').allTextContents()).toEqual(Object.keys(components.schemas))
  })

  it('has no link that leads nowhere', async () => {
    const page = await open()
    const targets = await page
      .locator('a[href^="#"]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    const lost = await Promise.all(
      [...new Set(targets)].map(async (target) => ((await page.locator(target ?? '').count()) === 1 ? [] : [target])),
    )
    expect(targets.length).toBeGreaterThan(50)
    expect(lost.flat()).toEqual([])
  })

  it('opens at the schema that its address names', async () => {
    const page = await open('#Citation')
    const { y } = (await page.locator('#Citation').boundingBox())!
    expect(Math.abs(y)).toBeLessThan(200)
  })

  it('opens at an address that names nothing, and cannot be decoded', async () => {
    const page = await open('#%')
    expect(await page.getByText('cannot be loaded').count()).toBe(0)
  })

  it('sends an example, changed by whoever tries it', async () => {
    const page = await open()
    const search = page.locator('#search')
    await search.locator('summary').click()
    await search.locator('textarea').fill('{ "query": "sourdough bread" }')
    await search.getByRole('button', { name: 'Send' }).click()
    await search.locator('.reply', { hasText: '200 application/json' }).waitFor()
    expect(await search.locator('.reply pre').textContent()).toContain('flour, water, salt and yeast')
  })

  it('sends what stands in the path and the query', async () => {
    const page = await open()
    const { documents } = (await (await fetch(`${server.url}/v1/documents`)).json()) as { documents: { id: string }[] }
    const find = page.locator('#getDocument')
    await find.locator('summary').click()
    await find.getByLabel('id').fill(documents[0]!.id)
    await find.getByRole('button', { name: 'Send' }).click()
    await find.locator('.reply', { hasText: '200 ' }).waitFor()
    await find.getByLabel('revision').fill('latest')
    await find.getByRole('button', { name: 'Send' }).click()
    await find.locator('.reply', { hasText: '422 application/problem+json' }).waitFor()
  })

  it('sends the id of an answer that there is, or none', async () => {
    await using empty = await serving(
      openTestApp({ ...library, store: await library.openNext('empty') }, { library: 'empty' }),
    )
    watched = await openPage(browser, `${empty.url}/docs`)
    const find = watched.page.locator('#getAnswer')
    await find.locator('summary').click()
    await find.locator('.reply', { hasText: 'ask something first' }).waitFor()
    await find.getByRole('button', { name: 'Send' }).click()
    expect(await find.locator('.reply pre').count()).toBe(0)
    const ask = watched.page.locator('#ask')
    await ask.locator('summary').click()
    await ask.getByRole('button', { name: 'Send' }).click()
    await ask.locator('.reply', { hasText: '200 ' }).waitFor()
    await watched.page.waitForFunction(`document.querySelector('#ask .reply .working') === null`)
    const ids = operationsOf(await api()).filter(({ path }) => path.startsWith('/v1/answers/{id}'))
    expect(ids).toHaveLength(6)
    await find.locator('summary').click()
    for (const { operation } of ids) {
      const each = watched.page.locator(`#${operation.operationId}`)
      await each.locator('summary').click()
      await expect.poll(async () => await each.getByLabel('id', { exact: true }).inputValue()).toMatch(/^ans_/)
      await each.getByRole('button', { name: 'Send' }).click()
      await each.locator('.reply', { hasText: '200 ' }).waitFor()
    }
  })

  it('shows a stream to its end', async () => {
    const page = await open()
    const ask = page.locator('#ask')
    await ask.locator('select').selectOption({ label: '200 stream: The answer as it comes' })
    await ask.locator('summary').click()
    await ask.getByRole('button', { name: 'Send' }).click()
    await ask.locator('.reply', { hasText: 'event: done' }).waitFor()
  })

  it('copies a line for a shell that asks the same', async (test) => {
    const page = await open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const ask = page.locator('#ask')
    await ask.getByRole('button', { name: 'Copy' }).click()
    await ask.getByText('Copied').waitFor()
    const line = String(await page.evaluate('navigator.clipboard.readText()'))
    expect(line).toBe(await ask.locator('.curl').textContent())
    if (!hasCurl()) test.skip('there is no curl here')
    const { stdout } = await run('bash', ['-c', line])
    expect((JSON.parse(stdout) as WireAnswer).status).toBe('answered')
  })

  it.each([true, false])('fits a narrow window (dark: %s)', async (dark) => {
    const page = await open('', { width: 360, dark })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })

  it('says without JavaScript where the document is', async () => {
    const page = await open('', { script: false })
    expect(await page.locator('noscript a').getAttribute('href')).toBe('/openapi.json')
  })
})

function hasCurl(): boolean {
  try {
    execFileSync('curl', ['--version'])
    return true
  } catch {
    return false
  }
}
