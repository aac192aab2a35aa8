// What a sentence says of another that it holds: "it is a myth that …" and "nobody claims that …" deny all that follows.

/** `denied`: what the rest says is called untrue; `open`: it may be ("contrary to …", "it is not wrong to say that …"). */
export type Frame = 'none' | 'denied' | 'open'

const off = 'incorrect|wrong|inaccurate|mistaken|misleading|nonsense|unfounded'
const wrong = `(?:false|untrue|${off})`
const myth = String.raw`(?:myth|misconception|misunderstanding|lie|rumou?r|fallacy|falsehood|hoax)`
const deny = String.raw`(?:den(?:y|ies|ied|ying)|disput(?:es?|ed)|refut(?:es?|ed)|doubt(?:s|ed)?|disprov(?:es?|ed)|pretend(?:s|ed)?|rul(?:es?|ed) out)`
const belief = String.raw`(?:the|this|that|any) (?:claim|idea|notion|belief|view|statement)`
const be = String.raw`(?:is|was|are|were|would be|be)`
// Words between those that deny, a few at most: no text makes them search for long.
const few = String.raw`(?:[\w-]+ ){0,3}?`
const saying = String.raw`(?: to (?:say|claim|state|think|assume|believe|suggest|conclude|write)\b(?: that\b)?| that\b|(?=[.,]|$))`
const frames = new RegExp(
  [
    String.raw`\b(?:it|that|this|which)(?:'s| ${be}) ${few}(?:${wrong}|an? ${few}${myth})${saying}`,
    String.raw`\b(?:it|that|this|which) ${few}(?:not|\w+n't|cannot|never) ${few}(?:${wrong}|an? ${few}${myth}|true|right|correct|accurate|the case|so)${saying}`,
    String.raw`\b(?:nobody|no one|no-one|none of \w+) ${few}that\b`,
    String.raw`\bno ${few}(?:evidence|proof|indication|sign|truth)(?: to \w+)? (?:that|in|for)\b`,
    String.raw`\b${deny} (?:the (?:claim|idea|notion|view) )?that\b`,
    String.raw`\b${myth} that\b`,
    String.raw`\b${belief} that\b(?=[^.]{3,300}? ${be} ${few}(?:${off})\b)`,
    String.raw`\b${be} (?:false|untrue|not true|an? ${few}${myth})(?=[.,;]|$)`,
    String.raw`\b(?:falsely|wrongly|mistakenly|allegedly|supposedly|contrary to)\b`,
  ].join('|'),
  'giu',
)
const denials = new RegExp(
  String.raw`\b(?:not|never|cannot|nobody|no|none|\w+n't|${wrong}|${myth}|${deny}|${belief})\b`,
  'giu',
)

/** `rest`: the text without what frames it, each letter in its place. */
export function readFrame(text: string): { readonly frame: Frame; readonly rest: string } {
  let count = 0
  let isOpen = false
  const rest = text.replace(frames, (found) => {
    const denying = [...found.replace(/no[ -]one/gi, 'nobody').matchAll(denials)].length
    count += denying
    // Denied twice it may well be so, and words alone do not tell.
    isOpen ||= denying !== 1
    return ' '.repeat(found.length)
  })
  if (count === 0 && !isOpen) return { frame: 'none', rest }
  return { frame: isOpen || count > 1 ? 'open' : 'denied', rest }
}
