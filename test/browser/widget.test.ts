// The ask box in a real Chromium, on a page of another origin that trusts nothing and styles everything.
import { createServer, type Server } from 'node:http'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath, launchBrowser } from '../support/browser.ts'
import { documents, hostile, script } from '../support/fake-answers.ts'
import { type FakeSite, openFakeSite } from '../support/fake-site.ts'

const question = 'How does Stripe limit requests?'

type Options = {
  readonly attributes?: string
  readonly body?: string
  readonly style?: string
  readonly width?: number
  readonly dark?: boolean
  readonly policy?: string
  /** of a stranger's page: the site does not list it */
  readonly stranger?: boolean
}

/** What the styles make of an element of the box. */
const look = async (shown: Page, selector: string, property: string, part = '') =>
  await shown.evaluate(`(() => {
    const { shadowRoot } = [...document.querySelectorAll('div')].find(({ shadowRoot }) => shadowRoot)
    return getComputedStyle(shadowRoot.querySelector(${JSON.stringify(selector)}), ${JSON.stringify(part)})[${JSON.stringify(property)}]
  })()`)

const texts = async (locator: Locator) => await locator.allTextContents()

describe.skipIf(!chromiumPath)('the widget in a browser (needs CHROMIUM_PATH, the path of a Chromium)', () => {
  let browser: Browser
  let site: FakeSite
  let hosts: Server[]
  let html = ''
  let policy = ''
  let page: Page | null = null
  let faults: string[] = []

  beforeAll(async () => {
    browser = await launchBrowser()
    hosts = await Promise.all([0, 1].map(async () => await listening(() => ({ html, policy }))))
    site = await openFakeSite(documents, script, [urlOf(hosts[0])])
  })
  afterAll(async () => {
    await browser.close()
    await site[Symbol.asyncDispose]()
    for (const host of hosts) host.close()
  })
  // Every test is also a test of this: no error, and no violation of the page's policy.
  afterEach(async () => {
    expect(faults).toEqual([])
    await page?.close()
    page = null
  })

  async function open({
    attributes = '',
    body = '',
    style = '',
    width = 1000,
    dark,
    stranger,
    policy: own,
  }: Options = {}) {
    html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <link rel="stylesheet" href="/page.css"><script src="${site.url}/widget.js" ${attributes}></script></head>
      <body><h1>Documentation</h1><input id="search" aria-label="Search">${body}<script src="/page.js" nonce="abc"></script></body></html>`
    styles = style
    policy = own ?? policyOf(site.url)
    faults = []
    page = await browser.newPage({ viewport: { width, height: 700 }, colorScheme: dark ? 'dark' : 'light' })
    page.setDefaultTimeout(10_000)
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load')) faults.push(message.text())
    })
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.addInitScript({
      content: `document.addEventListener('securitypolicyviolation', (event) => {
        console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI)
      })`,
    })
    await page.goto(urlOf(hosts[stranger ? 1 : 0]))
    return page
  }

  async function ask(words: string, options: Options = {}): Promise<Page> {
    const opened = await open(options)
    if (!options.attributes?.includes('data-into')) await opened.getByRole('button', { name: 'Ask the docs' }).click()
    await opened.getByLabel('Your question').fill(words)
    await opened.keyboard.press('Enter')
    return opened
  }

  describe('an answer', () => {
    it('streams in with verdicts and markers, and its footnotes have quotes and lead to the reader page', async () => {
      const shown = await ask(`slow: ${question}`)
      await shown.locator('.answer', { hasText: 'Stripe runs four' }).waitFor()
      expect(await shown.locator('.key').count()).toBe(0)
      await shown.locator('.key').waitFor()
      expect(await texts(shown.locator('.key li'))).toEqual([
        '4 verbatim',
        '1 supported',
        '1 partly supported',
        '1 unsupported',
        '1 unchecked',
      ])
      expect(await texts(shown.locator('.answer .tag'))).toEqual(['unsupported'])
      const notes = shown.locator('.footnotes li')
      expect(await notes.count()).toBe(4)
      expect(await notes.first().locator('q').textContent()).toBe(
        'Stripe runs four limiters in production, two of each kind.',
      )
      const link = await notes.first().locator('a').getAttribute('href')
      expect(link).toMatch(new RegExp(`^${site.url}/documents/doc_limiters\\?revision=r1#\\d+-\\d+$`))
    })

    it('has markers that lead to their footnotes, and those to the quote in the document, in another tab', async () => {
      const shown = await ask(question)
      await shown.locator('.key').waitFor()
      await shown.locator('.marker').nth(1).click()
      const focused = shown.locator('.footnotes li:focus-within')
      expect(await focused.getAttribute('value')).toBe('2')
      const [reader] = await Promise.all([shown.waitForEvent('popup'), shown.keyboard.press('Enter')])
      const quote = await focused.locator('q').textContent()
      expect(await reader.locator('mark').textContent()).toBe(quote)
      await reader.close()
    })

    it('goes on in the same conversation', async () => {
      const shown = await ask(question)
      await shown.locator('.key').waitFor()
      await shown.getByLabel('Your question').fill('And then?')
      await shown.getByRole('button', { name: 'Ask', exact: true }).click()
      await shown.locator('.key').nth(1).waitFor()
      expect(site.asked.at(-1)).toMatchObject({
        question: 'And then?',
        conversation_id: expect.stringMatching(/^con_\d+$/) as string,
      })
    })

    it('begins with a suggestion, and leaves the focus in the box, where Esc is heard', async () => {
      const shown = await open()
      await shown.getByRole('button', { name: 'Ask the docs' }).click()
      await shown.getByRole('button', { name: 'What is a token bucket?' }).click()
      await shown.locator('.key').waitFor()
      expect(site.asked.at(-1)?.question).toBe('What is a token bucket?')
      expect(await shown.evaluate('document.activeElement.shadowRoot.activeElement.textContent')).toBe('Ask')
    })

    it('is told to a screen reader in whole sentences, once each', async () => {
      const shown = await ask(`slow: ${question}`)
      const told = shown.locator('[role=log] p')
      await told.filter({ hasText: 'By gpt' }).waitFor()
      expect((await texts(told))[0]).toBe('Stripe runs four limiters in production, two of each kind.')
      expect((await texts(told)).join(' ').match(/two of each kind/g)).toHaveLength(1)
    })

    it('that is torn is picked up where it was, across origins as well', async () => {
      const resumed = site.resumed.length
      const shown = await ask('torn')
      await shown.locator('.key').waitFor()
      expect(site.resumed).toHaveLength(resumed + 2)
      expect((await shown.locator('.answer').textContent())?.match(/two of each kind/g)).toHaveLength(1)
    })
  })

  describe('an answer that does not come', () => {
    it('is a refusal in words, with the nearest passages', async () => {
      const shown = await ask('Where is the best pizza?')
      await shown.locator('.status', { hasText: 'Not found in the library' }).waitFor()
      expect(await shown.locator('.answer').textContent()).toBe('Nothing in it is about this question.')
      expect(await shown.locator('article ul a').count()).toBe(3)
    })

    it('is a fault that says what happened, and can be asked again', async () => {
      const shown = await ask('outage')
      expect(await shown.getByRole('alert').textContent()).toBe('The model took too long.')
      const asked = site.asked.length
      await shown.getByRole('button', { name: 'Ask again' }).click()
      await shown.getByRole('alert').nth(1).waitFor()
      expect(site.asked).toHaveLength(asked + 1)
    })

    it('is the sentence of a refused request', async () => {
      const shown = await ask('overlong')
      expect(await shown.getByRole('alert').textContent()).toBe('The question is longer than 4000 characters.')
    })

    it('is not mistaken for silence when the server is away', async () => {
      const shown = await open()
      await shown.route('**/v1/ask', (route) => route.abort())
      await shown.getByRole('button', { name: 'Ask the docs' }).click()
      await shown.keyboard.type(question)
      await shown.keyboard.press('Enter')
      expect(await shown.getByRole('alert').textContent()).toBe('The server could not be reached.')
    })

    it.each(['Escape', 'Stop'])('is stopped by %s, and what was said stays', async (by) => {
      const shown = await ask('endless')
      await shown.locator('.answer', { hasText: 'Stripe' }).waitFor()
      if (by === 'Stop') await shown.getByRole('button', { name: 'Stop' }).click()
      else await shown.keyboard.press('Escape')
      await shown.locator('.status', { hasText: 'Stopped' }).waitFor()
      expect(await shown.locator('.answer').textContent()).toBe('Stripe runs four limiters')
      expect(await shown.getByRole('dialog').isVisible()).toBe(true)
    })
  })

  describe('the keyboard', () => {
    it('opens the panel, closes it with Esc, and is back at the button', async () => {
      const shown = await open()
      await shown.getByRole('button', { name: 'Ask the docs' }).focus()
      await shown.keyboard.press('Enter')
      expect(await shown.getByRole('dialog', { name: 'Ask the docs' }).isVisible()).toBe(true)
      await shown.keyboard.press('Escape')
      expect(await shown.getByRole('dialog').count()).toBe(0)
      expect(await shown.evaluate('document.activeElement.shadowRoot.activeElement.textContent')).toBe('Ask the docs')
    })

    it('types into the field what elsewhere are shortcuts of the page', async () => {
      const shown = await open()
      await shown.keyboard.press('/')
      expect(await shown.evaluate('document.activeElement.id')).toBe('search')
      await shown.getByRole('button', { name: 'Ask the docs' }).click()
      await shown.keyboard.type('a/b')
      expect(await shown.getByLabel('Your question').inputValue()).toBe('a/b')
    })
  })

  describe('the page around it', () => {
    it('cannot restyle it, even importantly', async () => {
      const style = `* { color: red !important; display: none !important; font: 99px fantasy !important;
        transform: rotate(9deg) !important; visibility: hidden !important }
        html, body { display: block !important; transform: none !important } button, section { background: lime !important }`
      const shown = await ask(question, { style })
      await shown.locator('.key').waitFor()
      expect(await look(shown, '.answer p', 'color')).toBe('rgb(33, 30, 26)')
      expect(await look(shown, '.answer p', 'fontSize')).toBe('16px')
      const box = await shown.getByRole('dialog').boundingBox()
      expect(box?.x).toBeGreaterThan(500)
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(1000)
    })

    it('is shown it inline where it says, in place of what stood there', async () => {
      const body = '<div id="ask"><a href="/search">Search</a></div>'
      const shown = await ask(question, { attributes: 'data-into="#ask" data-placeholder="Ask away"', body })
      await shown.locator('#ask .key').waitFor()
      expect(await shown.locator('#ask > a').count()).toBe(0)
      expect(await shown.getByPlaceholder('Ask away').isVisible()).toBe(true)
      expect(await shown.getByRole('dialog').count()).toBe(0)
    })

    it.each([
      [true, '', 'rgb(23, 21, 18)'],
      [false, '', 'rgb(251, 250, 246)'],
      [true, 'data-theme="light"', 'rgb(251, 250, 246)'],
      [false, 'data-theme="dark"', 'rgb(23, 21, 18)'],
    ])('is dark: %s, %s: it is %s', async (dark, attributes, paper) => {
      const shown = await open({ dark, attributes })
      await shown.getByRole('button', { name: 'Ask the docs' }).click()
      expect(await look(shown, 'section', 'backgroundColor')).toBe(paper)
    })

    it('can trust scripts by nonce, and what they load', async () => {
      const nonce = `script-src 'nonce-abc' 'strict-dynamic'; connect-src ${site.url}; require-trusted-types-for 'script'`
      const shown = await ask(question, { attributes: 'nonce="abc" async', policy: nonce })
      await shown.locator('.key').waitFor()
    })

    it('stands still for readers who want no motion', async () => {
      const shown = await ask('endless')
      await shown.locator('.answer', { hasText: 'Stripe' }).waitFor()
      expect(await look(shown, '.working', 'animationName', '::before')).toBe('pulse')
      await shown.emulateMedia({ reducedMotion: 'reduce' })
      expect(await look(shown, '.working', 'animationName', '::before')).toBe('none')
      await shown.keyboard.press('Escape')
      await shown.locator('.status', { hasText: 'Stopped' }).waitFor()
    })

    it('has room for it in a window of 360 pixels', async () => {
      const shown = await ask(question, { width: 360, attributes: 'data-label="Ask the docs of a long name"' })
      await shown.locator('.key').waitFor()
      expect(await shown.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
      const box = await shown.getByRole('dialog').boundingBox()
      expect(box?.x).toBeGreaterThanOrEqual(0)
      expect(box?.y).toBeGreaterThanOrEqual(0)
    })

    it('is left as it is when its site is not listed, and its maker is told what to set', async () => {
      const body = '<div id="ask">Search</div>'
      const shown = await open({ stranger: true, attributes: 'data-into="#ask"', body })
      await expect.poll(() => faults.join('\n')).toContain(`WIDGET_ORIGINS=${urlOf(hosts[1])}`)
      expect(await shown.locator('#ask').textContent()).toBe('Search')
      faults = []
    })
  })

  it('a hostile document is words and nothing else', async () => {
    const shown = await ask('hostile <img src=x onerror=alert(0)>')
    await shown.locator('.key').waitFor()
    expect(await shown.locator('.footnotes a').textContent()).toBe(hostile.title)
    expect(await shown.locator('.footnotes q').textContent()).toBe(hostile.text)
    expect(await shown.locator('h3').textContent()).toBe('hostile <img src=x onerror=alert(0)>')
    expect(await shown.locator('img, a[href^="javascript"], article script').count()).toBe(0)
  })
})

let styles = ''

/** The strictest policy that docs/widget.md names, and Trusted Types without any policy. */
const policyOf = (origin: string) =>
  `default-src 'none'; script-src 'self' ${origin}; connect-src ${origin}; style-src 'self'; ` +
  `require-trusted-types-for 'script'; trusted-types 'none'`

/** A site of documentation: its page, its styles, and a shortcut that many such sites have. */
async function listening(shown: () => { readonly html: string; readonly policy: string }): Promise<Server> {
  const shortcut = `document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.tagName === 'INPUT') return
    event.preventDefault()
    document.getElementById('search').focus()
  })`
  const host = createServer(({ url }, response) => {
    const { html, policy } = shown()
    const [type, body] =
      url === '/page.js'
        ? ['text/javascript', shortcut]
        : url === '/page.css'
          ? ['text/css', styles]
          : ['text/html', html]
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body)
  })
  await new Promise<void>((resolve) => {
    host.listen(0, '127.0.0.1', resolve)
  })
  return host
}

function urlOf(host: Server | undefined): string {
  const address = host?.address()
  if (typeof address !== 'object' || !address) throw new Error('The host does not listen.')
  return `http://127.0.0.1:${address.port}`
}
