// Tests of the pages in a real Chromium, over the scripted site.
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { chromiumPath, launchBrowser, openPage, type WatchedPage } from './browser.ts'
import { documents, script } from './fake-answers.ts'
import { type FakeSite, openFakeSite } from './fake-site.ts'

type Options = Parameters<typeof openPage>[2]

export type Pages = {
  readonly site: () => FakeSite
  readonly open: (path: string, options?: Options) => Promise<Page>
  /** as a reader does: by the field and the button */
  readonly ask: (words: string, options?: Options) => Promise<Page>
}

export const askAddress = (words: string) => `/?q=${encodeURIComponent(words)}`
export const texts = async (page: Page, selector: string) => await page.locator(selector).allTextContents()

/** Every test is also a test of this: no error, no request to another host, no violation of the policy. */
export function describePages(name: string, tests: (pages: Pages) => void): void {
  describe.skipIf(!chromiumPath)(`${name} (needs CHROMIUM_PATH, the path of a Chromium)`, () => {
    let browser: Browser
    let site: FakeSite
    let watched: WatchedPage | null = null
    beforeAll(async () => {
      browser = await launchBrowser()
      site = await openFakeSite(documents, script)
    })
    afterAll(async () => {
      await browser.close()
      await site[Symbol.asyncDispose]()
    })
    afterEach(async () => {
      expect(watched?.faults).toEqual([])
      await watched?.page.close()
      watched = null
    })
    const open: Pages['open'] = async (path, options = {}) => {
      watched = await openPage(browser, site.url + path, options)
      return watched.page
    }
    const ask: Pages['ask'] = async (words, options = {}) => {
      const page = await open('/', options)
      await page.fill('#question', words)
      await page.click('#submit')
      return page
    }
    tests({ site: () => site, open, ask })
  })
}
