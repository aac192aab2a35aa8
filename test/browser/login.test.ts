// A reader of a server that wants keys: sent to the login page and back, and out again. SCREENSHOTS names a folder for
// pictures.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchBrowser, openPage } from '../support/browser.ts'
import { preparedDataDirOfFile } from '../support/database.ts'
import { runCommand, type Server, type Settings, startServer } from '../support/process.ts'

const screenshots = process.env['SCREENSHOTS']
const QUESTION = 'How does Stripe rate limit?'

async function picture(page: Page, name: string): Promise<void> {
  if (screenshots === undefined) return
  mkdirSync(screenshots, { recursive: true })
  await page.screenshot({ path: join(screenshots, `${name}.png`) })
}

const tagOf = (url: string, key: string) =>
  `<!doctype html><body><script src="${url}/widget.js" data-key="${key}"></script></body>`

describe.skipIf(!chromiumPath)(
  'a server that wants keys, in a browser (needs CHROMIUM_PATH, the path of a Chromium)',
  () => {
    let browser: Browser
    let server: Server
    let settings: Settings
    let key: string
    const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page))
    let page = ''
    let origin = ''

    const create = async (...more: string[]) => {
      const made = await runCommand(['keys', 'create', '--name', 'ana', ...more], settings)
      expect(made.code, made.stderr).toBe(0)
      return made.stdout.trim()
    }

    beforeAll(async () => {
      await once(site.listen(0, '127.0.0.1'), 'listening')
      origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
      settings = { DATA_DIR: await preparedDataDirOfFile(), HOST: '0.0.0.0', WIDGET_ORIGINS: origin }
      browser = await launchBrowser()
      key = await create()
      server = await startServer(settings)
    }, 180_000)
    afterAll(async () => {
      site.close()
      await browser.close()
      await server.end()
    })

    it.each([
      ['light', {}],
      ['dark', { dark: true }],
      ['phone', { width: 360, height: 640 }],
    ])(
      'has a login page, %s',
      async (name, options) => {
        const { page, faults } = await openPage(browser, `${server.url}/library`, options)
        expect(new URL(page.url()).pathname).toBe('/login')
        await page.locator('#key').waitFor()
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
        await picture(page, `login-${name}`)
        await page.locator('#key').fill(`${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`)
        await page.keyboard.press('Enter')
        await expect
          .poll(async () => await page.locator('#fault').textContent())
          .toContain('its checksum does not fit. Copy it again.')
        await picture(page, `login-fault-${name}`)
        expect(faults).toEqual([])
        await page.close()
      },
      60_000,
    )

    it('lets in who has a key, goes back to where they were, and lets nobody in after logging out', async () => {
      const { page, faults } = await openPage(browser, `${server.url}/?q=${encodeURIComponent(QUESTION)}`)
      await page.locator('#key').fill(key)
      await page.locator('#enter').click()
      await page.locator('.footnotes').waitFor({ timeout: 30_000 })
      expect(await page.evaluate('document.cookie')).toBe('')
      await page.locator('#show-history').click()
      await page.locator('.conversation').first().waitFor()
      await picture(page, 'logged-in')
      const address = page.url()
      await page.locator('.leave').click()
      await page.locator('#key').waitFor()
      await page.goto(address)
      expect(new URL(page.url()).pathname).toBe('/login')
      expect(faults).toEqual([])
      await page.close()
    }, 90_000)

    it('shows whoever may only ask no way to add documents, and asks nothing that is refused', async () => {
      const { page, faults } = await openPage(browser, `${server.url}/library`)
      const refused: string[] = []
      page.on('response', (response) => response.status() === 403 && refused.push(response.url()))
      await page.locator('#key').fill(key)
      await page.locator('#enter').click()
      await page.locator('.documents li').first().waitFor()
      await picture(page, 'library-asking')
      expect(await page.locator('input[type=file]').count()).toBe(0)
      expect(refused).toEqual([])
      expect(faults).toEqual([])
      await page.close()
    }, 60_000)

    it('sends nobody to another site after the login', async () => {
      for (const to of [
        'https://evil.example.com/',
        '//evil.example.com',
        '/\\evil.example.com',
        'javascript:alert(1)',
      ]) {
        const { page, faults } = await openPage(browser, `${server.url}/login?to=${encodeURIComponent(to)}`)
        await page.locator('#key').fill(key)
        await page.locator('#enter').click()
        await page.locator('#question').waitFor()
        expect(new URL(page.url()).origin).toBe(server.url)
        expect(faults).toEqual([])
        await page.context().clearCookies()
        await page.close()
      }
    }, 90_000)

    it('answers the ask box of a site that has a key for it', async () => {
      for (const [its, shown] of [
        [await create('--origins', origin), '.footnotes li'],
        ['fn_wrong', '.fault'],
      ] as const) {
        page = tagOf(server.url, its)
        const asking = await browser.newPage()
        await asking.goto(origin)
        await asking.locator('.opener').click()
        await asking.locator('textarea').fill(QUESTION)
        await asking.keyboard.press('Enter')
        await asking.locator(shown).first().waitFor({ timeout: 30_000 })
        expect(asking.url()).toBe(`${origin}/`)
        await asking.close()
      }
    }, 90_000)
  },
)
