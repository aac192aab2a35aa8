// A real Chromium for tests of the pages, and a page that remembers everything it should not have done.
import { type Browser, chromium, type Page } from 'playwright-core'

/** The path of a Chromium, from CHROMIUM_PATH; browser tests are skipped without one. */
export const chromiumPath = process.env['CHROMIUM_PATH']

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}

export type WatchedPage = {
  readonly page: Page
  /** errors, violations of the page's policy, and requests to another host: empty in a healthy test */
  readonly faults: string[]
}

export async function openPage(
  browser: Browser,
  url: string,
  options: {
    readonly width?: number
    readonly height?: number
    readonly dark?: boolean
    readonly script?: boolean
  } = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
    colorScheme: options.dark ? 'dark' : 'light',
    javaScriptEnabled: options.script ?? true,
  })
  page.setDefaultTimeout(10_000)
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // A refused question is the server's answer, which the browser logs as an error of its own.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text())
  })
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`request to ${request.url()}`)
  })
  // Text, not a function: these types know no browser.
  await page.addInitScript({
    content: `document.addEventListener('securitypolicyviolation', (event) => {
      console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI)
    })`,
  })
  await page.goto(url)
  return { page, faults }
}
