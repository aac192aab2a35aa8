// A reader with the real server over a real library: every citation of every answer is opened. SCREENSHOTS names a
// folder for pictures of what was seen, READ_LIBRARY another library.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchBrowser, openPage } from '../support/browser.ts'
import { folderOfFile } from '../support/folder.ts'
import { type Server, startServer } from '../support/process.ts'
import { askAddress } from '../support/pages.ts'

const screenshots = process.env['SCREENSHOTS']
const folder = process.env['READ_LIBRARY'] ?? 'library'

const questions = [
  'How does Stripe rate limit?',
  'How did Notion shard Postgres?',
  'What does a gateway do for an API?',
  'Why does exponential backoff need jitter?',
  'How does Slack design its APIs?',
]

async function picture(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return
  mkdirSync(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: name.startsWith('receipt') })
}

describe.skipIf(!chromiumPath)('a library in a browser (needs CHROMIUM_PATH, the path of a Chromium)', () => {
  let browser: Browser
  let server: Server

  beforeAll(async () => {
    browser = await launchBrowser()
    server = await startServer({ LIBRARY_DIR: folder, DATA_DIR: await folderOfFile() })
  }, 120_000)
  afterAll(async () => {
    await browser.close()
    await server.end()
  })

  it.each(questions)(
    'shows the exact words behind each footnote: %s',
    async (question) => {
      const { page, faults } = await openPage(browser, `${server.url}${askAddress(question)}`)
      await page.locator('.footnotes').waitFor()
      const quotes = await page.locator('.footnotes q').allTextContents()
      expect(quotes.length).toBeGreaterThan(1)
      const markers = page.locator('.answer .marker')
      for (let at = 0; at < (await markers.count()); at++) {
        const marker = markers.nth(at)
        await marker.click()
        const quote = quotes[Number(await marker.textContent()) - 1]
        expect(await page.locator('#passage mark').textContent()).toBe(quote)
      }
      for (const link of await page.locator('.footnotes a').all()) {
        const reader = await browser.newPage()
        await reader.goto(server.url + (await link.getAttribute('href')))
        const marked = (await reader.locator('mark').allTextContents()).join('')
        const quote = (await link.locator('xpath=following-sibling::q').textContent()) ?? ''
        expect(marked.replace(/\s+/g, '')).toBe(quote.replace(/\s+/g, ''))
        await reader.close()
      }
      expect(faults).toEqual([])
      await page.close()
    },
    60_000,
  )

  it.each([
    ['light', { width: 1280, height: 900 }],
    ['dark', { width: 1600, height: 1000, dark: true }],
    ['phone', { width: 390, height: 844 }],
  ])(
    'is pictured %s',
    async (name, options) => {
      const { page, faults } = await openPage(browser, `${server.url}/`, options)
      await page.locator('.examples').waitFor()
      await picture(page, `welcome-${name}`)
      await page.fill('#question', questions[0] ?? '')
      await page.keyboard.press('Enter')
      await page.locator('.footnotes').waitFor()
      await page.locator('.marker').first().click()
      await picture(page, `answer-${name}`)
      await page.goto(`${server.url}${askAddress('What is the best pizza dough?')}`)
      await page.locator('.turn h3').first().waitFor()
      await picture(page, `refusal-${name}`)
      await page.goto(`${server.url}/library`)
      await page.locator('.documents li').first().waitFor()
      await picture(page, `library-${name}`)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(options.width)
      expect(faults).toEqual([])
      await page.close()
    },
    60_000,
  )
})
