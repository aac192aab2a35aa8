// The chat page and the reader page in a real Chromium, over a scripted site.
import { describe, expect, it } from 'vitest'
import { bucket, hostile, limiters, passages } from '../support/fake-answers.ts'
import { citationOf } from '../support/fake-site.ts'
import { askAddress, describePages, texts } from '../support/pages.ts'

const question = 'How does Stripe limit requests?'

describePages('the pages in a browser', ({ site, open, ask }) => {
  describe('an answer', () => {
    it('streams in, and its footnotes follow with title, heading path, quote and a link to the reader page', async () => {
      const page = await ask(`slow: ${question}`)
      await page.locator('.answer', { hasText: 'Stripe runs four' }).waitFor()
      expect(await page.locator('.footnotes').count()).toBe(0)
      await page.locator('.footnotes').waitFor()
      expect(await texts(page, '.footnotes a')).toEqual([
        'How Stripe keeps its API up',
        'How Stripe keeps its API up › Request rate limiter',
        'How Stripe keeps its API up › Worker utilization load shedder',
        'Token buckets, measured › Refill',
      ])
      const { quote, link } = citationOf(
        bucket,
        4,
        4,
        'Tokens are refilled every n seconds, and a full bucket accepts no more.',
      )
      expect(await page.locator('.footnotes q').last().textContent()).toBe(quote)
      expect(await page.locator('.footnotes a').last().getAttribute('href')).toBe(link)
    })

    it('is paragraphs and lists, with markers instead of brackets', async () => {
      const page = await open(askAddress(question))
      await page.locator('.footnotes').waitFor()
      expect(await texts(page, '.answer > p > .statement')).toHaveLength(6)
      expect(await texts(page, '.answer li')).toEqual([
        'Test mode traffic, which comes from developers checking their integration.3',
        'GETs.3',
      ])
      expect(await page.locator('.answer').textContent()).not.toMatch(/\[\d|\]/)
    })

    it('shows each verdict, and says in words where nothing backs a sentence', async () => {
      const page = await open(askAddress(question))
      const doubtful = page.locator('.answer .statement.unsupported')
      await doubtful.waitFor()
      expect(await doubtful.textContent()).toBe('Most teams copy this design within a year.')
      expect(await doubtful.getAttribute('title')).toContain('Unsupported')
      expect(await texts(page, '.answer .tag')).toEqual(['unsupported'])
      expect(await texts(page, '.key li')).toEqual([
        '4 verbatim',
        '1 supported',
        '1 partly supported',
        '1 unsupported',
        '1 unchecked',
      ])
    })

    it('leaves URLs as words', async () => {
      const page = await open(askAddress(question))
      await page.locator('.footnotes').waitFor()
      expect(await page.locator('.answer').textContent()).toContain('https://example.com/more')
      expect(await page.locator('.answer a:not(.marker)').count()).toBe(0)
    })

    it('says so when it is extracts because the model is away', async () => {
      const page = await open(askAddress('fallback'))
      expect(await page.locator('.notice').first().textContent()).toContain('The model could not be reached.')
    })

    it('moves nothing that was already to be seen', async () => {
      const page = await ask(`slow: ${question}`, { width: 390 })
      await page.evaluate(`globalThis.shift = 0
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value
        }).observe({ type: 'layout-shift' })`)
      await page.locator('.footnotes').waitFor()
      expect(await page.evaluate('globalThis.shift')).toBeLessThan(0.02)
    })

    it('is told to a screen reader in whole sentences, once each', async () => {
      const page = await ask(`slow: ${question}`)
      await page.locator('#live p', { hasText: 'By gpt' }).waitFor()
      const told = await texts(page, '#live p')
      expect(told[0]).toBe('Stripe runs four limiters in production, two of each kind.')
      expect(told.join(' ').match(/two of each kind/g)).toHaveLength(1)
      expect(told.join(' ')).not.toContain('[')
    })

    it('is asked once: a reload reads it again', async () => {
      const page = await open(askAddress('torn reload'))
      await page.locator('.footnotes').waitFor()
      const asked = site().asked.length
      const before = await page.locator('.answer').innerHTML()
      await page.reload()
      await page.locator('.footnotes').waitFor()
      expect(site().asked).toHaveLength(asked)
      expect(await page.locator('.answer').innerHTML()).toBe(before)
    })
  })

  describe('a footnote', () => {
    it('opens the passage beside the answer with exactly the quoted words marked', async () => {
      const page = await open(askAddress(question))
      await page.locator('.footnotes').waitFor()
      const quotes = await texts(page, '.footnotes q')
      for (const n of [1, 2, 3, 4]) {
        await page
          .locator('.marker', { hasText: String(n) })
          .first()
          .click()
        expect(await page.locator('#passage mark').textContent()).toBe(quotes[n - 1])
        expect(await page.locator('#passage blockquote').textContent()).toBe(passages[n - 1]?.text)
      }
      const answer = await page.locator('.answer').boundingBox()
      const panel = await page.locator('#passage').boundingBox()
      expect(panel?.x).toBeGreaterThan((answer?.x ?? 0) + (answer?.width ?? 0))
    })

    it('opens below on a phone, and stays in sight itself', async () => {
      const page = await open(askAddress(question), { width: 390, height: 700 })
      await page.locator('.footnotes').waitFor()
      const marker = page.locator('.answer li .marker').last()
      await marker.click()
      const panel = await page.locator('#passage').boundingBox()
      const opener = await marker.boundingBox()
      expect((opener?.y ?? 0) + (opener?.height ?? 0)).toBeLessThanOrEqual(panel?.y ?? 0)
      expect((panel?.y ?? 0) + (panel?.height ?? 0)).toBeCloseTo(700, 0)
    })

    it('stays open and marked while the answer goes on', async () => {
      const page = await ask(`slow: ${question}`)
      await page.locator('.marker').first().click()
      await page.locator('.footnotes').waitFor()
      expect(await page.locator('#passage').isVisible()).toBe(true)
      expect(await texts(page, '.marker[aria-current]')).toEqual(['1'])
    })
  })

  describe('an answer that does not come', () => {
    it('is a refusal that shows what was asked and the nearest passages', async () => {
      const page = await ask('Where is the best pizza?')
      await page.locator('.cards').waitFor()
      expect(await page.locator('.turn h2').textContent()).toBe('Where is the best pizza?')
      expect(await page.locator('.turn').textContent()).toContain('The library does not hold the answer.')
      expect(await texts(page, '.cards a')).toHaveLength(3)
      expect(await page.locator('.cards a').first().getAttribute('href')).toMatch(
        /^\/documents\/doc_bucket\?revision=r1#\d+-\d+$/,
      )
    })

    it('takes back what was shown when nothing backs it, and says so', async () => {
      const page = await ask('withdrawn')
      await page.locator('.cards').waitFor()
      expect(await page.locator('.answer').textContent()).toBe('Nothing backs what the model wrote.')
      expect(await page.locator('.marker').count()).toBe(0)
      expect(await page.locator('[role=log]').textContent()).toContain('Nothing backs what the model wrote.')
    })

    it('is a fault that says what happened and can be asked again after the wait', async () => {
      const page = await ask('outage')
      const again = page.locator('.fault button', { hasText: 'Ask again' })
      await again.waitFor()
      expect(await page.locator('.fault').textContent()).toContain('The model took too long.')
      expect(await again.isDisabled()).toBe(true)
      const asked = site().asked.length
      await again.click()
      await page.locator('.fault').waitFor()
      expect(site().asked).toHaveLength(asked + 1)
      expect(await page.locator('.turn').count()).toBe(1)
    })

    it('is the sentence of a refused request, with the question put back to be changed', async () => {
      const page = await ask('overlong')
      await page.locator('.fault').waitFor()
      expect(await page.locator('.fault').textContent()).toContain('The question is longer than 4000 characters.')
      await page.click('.fault button')
      expect(await page.inputValue('#question')).toBe('overlong')
    })

    it('is not mistaken for silence when the server is away', async () => {
      const page = await open('/')
      await page.route('**/v1/ask', (route) => route.abort())
      await page.fill('#question', question)
      await page.keyboard.press('Enter')
      await page.locator('.fault').waitFor()
      expect(await page.locator('.fault').textContent()).toContain('The server could not be reached.')
    })
  })

  describe('a stream', () => {
    it('that is torn twice is picked up where it was, without a doubled or lost character', async () => {
      const whole = await open(askAddress(question))
      await whole.locator('.footnotes').waitFor()
      const expected = await whole.locator('.answer').textContent()
      await whole.close()
      const resumed = site().resumed.length
      const page = await open(askAddress('torn'))
      await page.locator('.footnotes').waitFor()
      expect(await page.locator('.answer').textContent()).toBe(expected)
      expect((await texts(page, '#live p')).join(' ').match(/two of each kind/g)).toHaveLength(1)
      expect(site().resumed.length).toBe(resumed + 2)
    })

    it('shows nothing twice while it goes on, though the server repeats what it sent before', async () => {
      const resumed = site().resumed.length
      const page = await open(askAddress('endless, torn'))
      await page.locator('.answer', { hasText: 'two of e' }).waitFor()
      expect(await page.locator('.answer').textContent()).toBe('Stripe runs four limiters in production, two of e')
      expect(site().resumed.length).toBe(resumed + 1)
    })
  })

  describe('the keyboard alone', () => {
    it('asks, opens a footnote, closes it and asks further in the same conversation', async () => {
      const page = await open('/')
      await page.keyboard.press('/')
      await page.keyboard.type(`${question} a/b`)
      await page.keyboard.press('Enter')
      await page.locator('.footnotes').waitFor()
      expect(site().asked.at(-1)?.question).toBe(`${question} a/b`)
      await page.locator('.marker').nth(1).focus()
      await page.keyboard.press('Enter')
      expect(await page.evaluate('document.activeElement.id')).toBe('passage')
      await page.keyboard.press('Escape')
      expect(await page.locator('#passage').isVisible()).toBe(false)
      expect(await page.evaluate('document.activeElement.textContent')).toBe('2')
      await page.keyboard.press('/')
      await page.keyboard.type('And then?')
      await page.keyboard.press('Enter')
      await page.locator('.footnotes').nth(1).waitFor()
      expect(site().asked.at(-1)?.conversation_id).toMatch(/^con_\d+$/)
      expect(await page.locator('.turn').count()).toBe(2)
    })

    it('stops an answer with Esc', async () => {
      const page = await ask('endless')
      await page.locator('.answer', { hasText: 'Stripe' }).waitFor()
      await page.keyboard.press('Escape')
      await page.locator('.status', { hasText: 'Stopped' }).waitFor()
      expect(await page.locator('.answer').textContent()).toBe('Stripe runs four limiters')
      expect(await page.locator('#submit').textContent()).toBe('Ask')
      expect(await texts(page, '.turn .actions button')).toEqual(['Copy', 'Ask again'])
    })
  })

  describe('a hostile document', () => {
    it('is words and nothing else in the answer, the passage and the footnotes', async () => {
      const page = await open(askAddress('hostile <img src=x onerror=alert(0)>'))
      await page.locator('.footnotes').waitFor()
      await page.locator('.marker').click()
      expect(await page.locator('#passage mark').textContent()).toBe(hostile.text)
      expect(await page.locator('.footnotes a').textContent()).toBe(hostile.title)
      expect(await page.locator('main img, main script, a[href^="javascript"]').count()).toBe(0)
    })

    it('is words and nothing else on the reader page, and its script address is no link', async () => {
      const page = await open('/documents/doc_hostile')
      expect(await page.locator('h1').textContent()).toBe(hostile.title)
      expect(await page.locator('[data-text]').textContent()).toBe(hostile.text)
      expect(await page.locator('img, body script, a[href^="javascript"]').count()).toBe(0)
    })
  })

  describe('the reader page', () => {
    const { span, quote, link } = citationOf(limiters, 2, 2, 'because some spikes are legitimate.')
    const across = citationOf(
      limiters,
      1,
      1,
      'legitimate. “The first limiter is the one to build”, the team says.\n\nWorker',
    )

    it('marks exactly the quote of a footnote, with emoji before it, and brings it into view', async () => {
      const page = await open(link, { height: 300 })
      expect(await texts(page, 'mark')).toEqual([quote])
      expect(await page.evaluate('document.activeElement.tagName')).toBe('MARK')
      const box = await page.locator('mark').boundingBox()
      expect(box?.y).toBeGreaterThan(0)
      expect(box?.y).toBeLessThan(300)
      expect(await page.locator('[data-text]').textContent()).toBe(limiters.text)
    })

    it('marks the other quote when the address changes, across blocks as well', async () => {
      const page = await open(link)
      await page.evaluate(`location.hash = '#${across.span.start}-${across.span.end}'`)
      await page.locator('h2 mark').waitFor()
      expect((await texts(page, 'mark')).join('\n\n')).toBe(across.quote)
    })

    it('marks the same words without any script', async () => {
      const page = await open(`/documents/doc_limiters?start=${span.start}&end=${span.end}`, { script: false })
      expect(await texts(page, 'mark')).toEqual([quote])
    })
  })

  it.each([
    '/',
    askAddress(question),
    askAddress('Where is the best pizza?'),
    '/documents/doc_limiters',
    '/documents/no',
  ])('fits a window of 360 pixels: %s', async (path) => {
    const page = await open(path, { width: 360, height: 640 })
    if (path.includes('q=')) await page.locator('.footnotes, .cards').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })
})
