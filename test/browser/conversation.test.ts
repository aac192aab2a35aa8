// What stays: conversations, answers by their address, feedback, copies, and an answer whose page was loaded again.
import { expect, it } from 'vitest'
import { limiters, passages } from '../support/fake-answers.ts'
import { askAddress, describePages, texts } from '../support/pages.ts'

const question = 'How does Stripe limit requests?'

describePages('a conversation in a browser', ({ site, open, ask }) => {
  it('is resumed when the page is loaded again in the middle of an answer, without a lost or doubled character', async () => {
    const whole = await open(askAddress(question))
    await whole.locator('.footnotes').waitFor()
    const expected = await whole.locator('.answer').textContent()
    await whole.close()
    const page = await ask(`slow: ${question}`)
    await page.locator('.answer', { hasText: 'two of each' }).waitFor()
    const asked = site().asked.length
    await page.reload()
    await page.locator('.answer', { hasText: 'Stripe runs' }).waitFor()
    expect(await page.locator('.footnotes').count()).toBe(0)
    await page.locator('.footnotes').waitFor()
    expect(await page.locator('.answer').textContent()).toBe(expected)
    expect(site().asked).toHaveLength(asked)
  })

  it('is asked again when the server was restarted in the middle, and the reader is told', async () => {
    const page = await ask('restart')
    await page.locator('.footnotes').waitFor()
    expect(await page.locator('.turn').count()).toBe(1)
    expect(await texts(page, '.column > .notice')).toEqual([
      'The server was restarted in the middle of the answer. The question was asked again.',
    ])
  })

  it('is found again in the list of conversations, with all its questions', async () => {
    const page = await ask(question)
    await page.locator('.footnotes').waitFor()
    await page.fill('#question', 'And the bucket?')
    await page.keyboard.press('Enter')
    await page.locator('.footnotes').nth(1).waitFor()
    await page.goto(`${site().url}/`)
    await page.getByRole('button', { name: 'History' }).click()
    await page.locator('#history li a').first().click()
    await page.locator('.footnotes').nth(1).waitFor()
    expect(await texts(page, '.turn h2')).toEqual([question, 'And the bucket?'])
    expect(await page.locator('#history [aria-current=page]').textContent()).toBe(question)
  })

  it('is renamed and deleted from the list', async () => {
    const page = await ask('Which title will it have?')
    await page.locator('.footnotes').waitFor()
    await page.getByRole('button', { name: 'History' }).click()
    await page.getByRole('button', { name: 'Rename Which title will it have?' }).click()
    await page.keyboard.type('Buckets and shedders')
    await page.keyboard.press('Enter')
    await page.locator('#history', { hasText: 'Buckets and shedders' }).waitFor()
    await page.getByRole('button', { name: 'Delete Buckets and shedders' }).click()
    await page.locator('.deleting').getByRole('button', { name: 'Delete' }).click()
    await page.locator('.welcome').first().waitFor()
    expect(await page.locator('#history').textContent()).not.toContain('Buckets and shedders')
  })

  it('of two hundred questions is opened at its end, and read backwards', async () => {
    const page = await open('/conversations/con_twohundred')
    await page.locator('.turn').nth(19).waitFor()
    expect(await page.locator('.turn h2').last().textContent()).toBe('Question 200?')
    for (let shown = 40; shown <= 200; shown += 20) {
      await page.getByRole('button', { name: 'Show earlier questions' }).click()
      await page
        .locator('.turn')
        .nth(shown - 1)
        .waitFor()
    }
    expect(await page.locator('.turn h2').first().textContent()).toBe('Question 1?')
    expect(await page.getByRole('button', { name: 'Show earlier questions' }).count()).toBe(0)
    const began = performance.now()
    await page.fill('#question', question)
    await page.keyboard.press('Enter')
    await page.locator('.footnotes').last().waitFor()
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  it('is caught up with when something was asked on another page', async () => {
    const page = await ask(question)
    await page.locator('.footnotes').waitFor()
    const asked = site().asked.length
    await page.evaluate(`fetch('/v1/ask', { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ question: 'And elsewhere?', conversation_id: 'con_' + ${asked} }) }).then((reply) => reply.text())`)
    await page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
    await page.locator('.turn').nth(1).waitFor()
    expect(await texts(page, '.turn h2')).toEqual([question, 'And elsewhere?'])
  })

  it('is left for the page without questions by Back', async () => {
    const page = await ask(question)
    await page.locator('.footnotes').waitFor()
    await page.goBack()
    await page.locator('.welcome').first().waitFor()
    await page.goForward()
    await page.locator('.footnotes').waitFor()
  })

  it('that is not there says so', async () => {
    const page = await open('/conversations/con_unknown')
    await page.locator('.notice', { hasText: 'There is no such conversation.' }).waitFor()
  })

  it('goes on from what was said in somebody else’s', async () => {
    const page = await open('/answers/ans_other')
    await page.locator('.footnotes').waitFor()
    await page.fill('#question', 'And then?')
    await page.keyboard.press('Enter')
    await page.locator('.turn').nth(1).locator('.footnotes').waitFor()
    const [last] = site().asked.slice(-1)
    expect(last?.conversation_id).toBeUndefined()
    expect(last?.history?.map((turn) => turn.question)).toEqual(['What do others ask?'])
  })
})

describePages('an answer that is stored, in a browser', ({ site, ask }) => {
  it('has an address with its receipt', async () => {
    const page = await ask(question)
    await page.getByRole('link', { name: 'Link to this answer' }).click()
    await page.locator('.receipt').waitFor()
    const receipt = (await page.locator('.receipt').textContent()) ?? ''
    for (const words of [question, '4 passages', 'gpt-4.1-mini', '412 ms', 'ans_']) expect(receipt).toContain(words)
    expect(await page.locator('.answer .statement').count()).toBeGreaterThan(5)
  })

  it('is copied as Markdown with footnotes', async () => {
    const page = await ask(question)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    const copied = String(await page.evaluate('navigator.clipboard.readText()'))
    expect(copied).toContain('two of each kind.[^1]')
    expect(copied).toContain('Most teams copy this design within a year. *(unsupported)*')
    expect(copied).toContain('dropped in this order: *(partly supported)*[^3]')
    expect(copied).toContain(
      `[^1]: “Stripe runs four limiters in production, two of each kind.” — [${limiters.title}](${site().url}/documents/`,
    )
  })

  it('gets a thumb, and what was wrong with it', async () => {
    const page = await ask(question)
    const down = page.getByRole('button', { name: 'This answer is not good' })
    await down.click()
    await page.getByLabel('Something is missing').check()
    await page.getByLabel('More about it').fill('Which four?')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.locator('.reasons').waitFor({ state: 'detached' })
    expect(site().feedback.at(-1)).toEqual({ rating: 'down', reason: 'incomplete', comment: 'Which four?' })
    expect(await down.getAttribute('aria-pressed')).toBe('true')
    await down.click()
    await page.locator('.thumb[aria-pressed=true]').waitFor({ state: 'detached' })
    expect(site().feedback.at(-1)).toBeNull()
  })

  it('is asked again from extracts only, below the answer that there is', async () => {
    const page = await ask(question)
    await page.getByRole('button', { name: 'Answer from extracts only' }).click()
    await page.locator('.turn').nth(1).locator('.footnotes').waitFor()
    expect(site().asked.at(-1)?.mode).toBe('extractive')
    expect(await texts(page, '.turn h2')).toEqual([question, question])
  })

  it('offers what can be asked next', async () => {
    const page = await ask(question)
    await page.getByRole('button', { name: 'What is a token bucket?' }).click()
    await page.locator('.turn').nth(1).locator('.footnotes').waitFor()
    expect(site().asked.at(-1)?.question).toBe('What is a token bucket?')
  })

  it('says what this library does know when it is a refusal', async () => {
    const page = await ask('Where is the best pizza?')
    await page.locator('.next', { hasText: 'What this library does know' }).waitFor()
  })
})

describePages('the source beside an answer', ({ open }) => {
  it('shows what stands before and after the passage, up to the whole document', async () => {
    const page = await open(askAddress(question))
    await page.locator('.footnotes').waitFor()
    await page.locator('.marker', { hasText: '2' }).first().click()
    await page.getByRole('button', { name: 'Show what stands before' }).click()
    await page.locator('blockquote', { hasText: 'A payments API' }).waitFor()
    await page.getByRole('button', { name: 'Show what stands after' }).click()
    await page.locator('blockquote', { hasText: 'an empty bucket means' }).waitFor()
    expect(await page.locator('blockquote').textContent()).toBe(limiters.text)
    expect(await texts(page, '#passage mark')).toEqual([
      'A user may go above that cap in a short burst 🎉, because some spikes are legitimate.',
    ])
    expect(await page.locator('#passage .more').count()).toBe(0)
  })

  it('leads to the words in the original', async () => {
    const page = await open(askAddress(question))
    await page.locator('.footnotes').waitFor()
    await page.locator('.marker').first().click()
    expect(await page.getByRole('link', { name: 'Read the original' }).getAttribute('href')).toBe(
      'https://example.com/limiters#:~:text=Stripe%20runs%20four%20limiters,two%20of%20each%20kind.',
    )
  })

  it('opens from what was read and not used, and from what comes nearest', async () => {
    const page = await open(askAddress('fallback'))
    await page.locator('.unused summary').click()
    expect(await page.locator('.unused summary').textContent()).toBe('2 passages read and not used')
    await page.locator('.unused a').first().click()
    expect(await page.locator('#passage blockquote').textContent()).toBe(passages[2]?.text)
    expect(await page.locator('#passage h2').textContent()).toBe('Passage 3')
  })

  it('and the sentences light each other up, by pointer and by focus', async () => {
    const page = await open(askAddress(question))
    await page.locator('.footnotes').waitFor()
    await page.locator('.statement', { hasText: 'When workers fall behind' }).hover()
    expect(await texts(page, '.footnotes [data-lit] q')).toEqual([
      'Test mode traffic, which comes from developers checking their integration.',
    ])
    await page.locator('.footnotes li', { hasText: 'Test mode traffic' }).hover()
    expect(await page.locator('.statement[data-lit]').count()).toBe(3)
    await page.locator('.footnotes a').first().focus()
    expect(await texts(page, '.statement[data-lit]')).toEqual([
      'Stripe runs four limiters in production, two of each kind.',
    ])
  })
})
