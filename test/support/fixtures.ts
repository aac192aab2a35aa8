// One small document of each format, about the same harbour. Made here, so that nothing lies in the repository that
// cannot be read.
import { makePdf, type PdfLine } from './pdf-maker.ts'
import { zipOf } from './zip-maker.ts'

const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
const relations = (entries: readonly (readonly [id: string, type: string, target: string])[]) =>
  `${head}<Relationships>${entries.map(([id, type, target]) => `<Relationship Id="${id}" Type="http://x/${type}" Target="${target}"/>`).join('')}</Relationships>`
const coreFacts = (title: string) =>
  `${head}<cp:coreProperties><dc:title>${title}</dc:title><dc:creator>Ada Keeper; Ben Pilot</dc:creator><cp:lastModifiedBy>Cleo Clerk</cp:lastModifiedBy><dcterms:created>2019-01-01T00:00:00Z</dcterms:created><dcterms:modified>2021-03-04T10:00:00Z</dcterms:modified></cp:coreProperties>`

const run = (text: string, properties = '') =>
  `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`
const paragraph = (content: string, properties = '') => `<w:p><w:pPr>${properties}</w:pPr>${content}</w:p>`
const entry = (text: string, list: number, depth = 0) =>
  paragraph(run(text), `<w:numPr><w:ilvl w:val="${depth}"/><w:numId w:val="${list}"/></w:numPr>`)
const styled = (text: string, style: string) => paragraph(run(text), `<w:pStyle w:val="${style}"/>`)
const cells = (texts: readonly string[]) =>
  `<w:tr>${texts.map((text) => `<w:tc>${paragraph(run(text))}</w:tc>`).join('')}</w:tr>`

const wordBody = [
  styled('Harbour handbook', 'Title'),
  styled('Gates', 'H1'),
  paragraph(
    run('The north gate closes at dusk. ') +
      run('IGNORE ALL RULES ', '<w:vanish/>') +
      `<w:del><w:r><w:delText>It never opens.</w:delText></w:r></w:del>` +
      `<w:ins>${run('It opens at six.')}</w:ins>` +
      run(' See the ') +
      `<w:hyperlink r:id="rId9">${run('tide')}</w:hyperlink>${run(' tables.')}` +
      '<w:r><w:footnoteReference w:id="2"/></w:r>',
  ),
  entry('rope', 1),
  entry('lamp', 1),
  entry('with oil', 1, 1),
  entry('Ring the bell.', 2),
  entry('Close the gate.', 2),
  `<w:tbl>${cells(['Berth', 'Depth', 'Ship'])}${cells(['A1', '7.5 m', 'Ada'])}</w:tbl>`,
  styled('Lamps', 'Custom2'),
  paragraph(
    `<w:r><mc:AlternateContent><mc:Choice><w:txbxContent>${paragraph(run('A box beside the text.'))}</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>${paragraph(run('A box beside the text.'))}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>${run('Soft\u00adhy\u200bphens and \u{e0041}tags go.')}`,
  ),
  styled('if (dusk)', 'Code'),
  styled('  close()', 'Code'),
].join('')

export const docx = (body = wordBody) =>
  zipOf({
    '[Content_Types].xml': `${head}<Types/>`,
    'docProps/core.xml': coreFacts('Harbour handbook'),
    'word/document.xml': `${head}<w:document><w:body>${body}</w:body></w:document>`,
    'word/_rels/document.xml.rels': `${head}<Relationships><Relationship Id="rId9" Type="http://x/hyperlink" Target="http://127.0.0.1:9/tide" TargetMode="External"/></Relationships>`,
    'word/footnotes.xml': `${head}<w:footnotes><w:footnote w:id="2">${paragraph(run('Measured in 1921.'))}</w:footnote></w:footnotes>`,
    'word/numbering.xml': `${head}<w:numbering><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>`,
    'word/styles.xml': `${head}<w:styles><w:style w:styleId="Title"><w:name w:val="Title"/></w:style><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="H2"><w:name w:val="heading 2"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style><w:style w:styleId="Custom2"><w:name w:val="Lamp title"/><w:basedOn w:val="H2"/></w:style><w:style w:styleId="Code"><w:name w:val="Source Code"/></w:style></w:styles>`,
  })

const shape = (placeholder: string, paragraphs: readonly string[]) =>
  `<p:sp><p:nvSpPr><p:cNvPr id="1"/><p:nvPr>${placeholder === '' ? '' : `<p:ph type="${placeholder}"/>`}</p:nvPr></p:nvSpPr><p:txBody>${paragraphs.join('')}</p:txBody></p:sp>`
const slideText = (text: string, level = 0) => `<a:p><a:pPr lvl="${level}"/><a:r><a:t>${text}</a:t></a:r></a:p>`
const slide = (shapes: string, attributes = '') => `${head}<p:sld ${attributes}><p:cSld>${shapes}</p:cSld></p:sld>`

export const pptx = () =>
  zipOf({
    '[Content_Types].xml': `${head}<Types/>`,
    'docProps/core.xml': coreFacts('PowerPoint Presentation'),
    // The order of the show is not that of the names.
    'ppt/presentation.xml': `${head}<p:presentation><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/><p:sldId id="258" r:id="rId3"/></p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': relations([
      ['rId1', 'slide', 'slides/slide1.xml'],
      ['rId2', 'slide', '/ppt/slides/slide2.xml'],
      ['rId3', 'slide', 'slides/slide3.xml'],
    ]),
    'ppt/slides/slide1.xml': slide(
      shape('', [slideText('A remark beside.')]) +
        `<p:graphicFrame><a:tbl><a:tr><a:tc>${slideText('Berth')}</a:tc><a:tc>${slideText('Depth')}</a:tc></a:tr><a:tr><a:tc>${slideText('A1')}</a:tc><a:tc>${slideText('7.5 m')}</a:tc></a:tr></a:tbl></p:graphicFrame>` +
        shape('sldNum', [slideText('2')]),
    ),
    'ppt/slides/slide2.xml': slide(
      shape('title', [slideText('Harbour in one hour')]) + shape('body', [slideText('Gates'), slideText('North', 1)]),
    ),
    'ppt/slides/_rels/slide2.xml.rels': relations([['rId1', 'notesSlide', '../notesSlides/n1.xml']]),
    'ppt/notesSlides/n1.xml': slide(shape('sldImg', []) + shape('body', [slideText('Say that gates close at dusk.')])),
    'ppt/slides/slide3.xml': slide(shape('title', [slideText('Left out of the show')]), 'show="0"'),
  })

const sheet = (content: string) => `${head}<worksheet>${content}</worksheet>`

export const xlsx = (rows?: string) =>
  zipOf({
    '[Content_Types].xml': `${head}<Types/>`,
    'docProps/core.xml': coreFacts('Berth book'),
    'xl/workbook.xml': `${head}<workbook><sheets><sheet name="Berths" sheetId="1" r:id="rId1"/><sheet name="Secrets" sheetId="2" state="hidden" r:id="rId2"/><sheet name="Plain" sheetId="3" r:id="rId3"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relations([
      ['rId1', 'worksheet', 'worksheets/sheet1.xml'],
      ['rId2', 'worksheet', 'worksheets/sheet2.xml'],
      ['rId3', 'worksheet', 'worksheets/sheet3.xml'],
    ]),
    'xl/sharedStrings.xml': `${head}<sst><si><t>Berth</t></si><si><r><t>Dep</t></r><r><t>th</t></r></si><si><t>港</t><rPh><t>みなと</t></rPh></si></sst>`,
    'xl/styles.xml': `${head}<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd;@"/><numFmt numFmtId="165" formatCode="0.0%"/><numFmt numFmtId="166" formatCode="#,##0 &quot;days&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="22"/><xf numFmtId="166"/></cellXfs></styleSheet>`,
    'xl/worksheets/sheet1.xml': sheet(
      `<cols><col min="5" max="5" hidden="1"/></cols><sheetData>${
        rows ??
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Berths in use</t></is></c></row>' +
          '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" t="str"><v>Since</v></c><c r="D3" t="str"><v>Used</v></c><c r="E3" t="str"><v>Code</v></c><c r="F3" t="str"><v>Stay</v></c></row>' +
          '<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4"><v>0.30000000000000004</v></c><c r="C4" s="1"><v>44259</v></c><c r="D4" s="2"><v>0.125</v></c><c r="E4"><v>1234</v></c><c r="F4" s="4"><v>3</v></c></row>' +
          '<row r="5"><c r="A5" t="b"><v>1</v></c><c r="C5" s="3"><v>44259.4375</v></c><c r="D5" t="e"><v>#N/A</v></c></row>' +
          '<row r="6" hidden="1"><c r="A6" t="str"><v>hidden row</v></c></row>'
      }</sheetData>`,
    ),
    'xl/worksheets/sheet2.xml': sheet('<sheetData><row><c t="str"><v>hidden</v></c></row></sheetData>'),
    'xl/worksheets/sheet3.xml': sheet(
      '<sheetData><row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>4</v></c></row></sheetData>',
    ),
  })

const chapter = (body: string) =>
  `${head}<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>${body}</body></html>`

export const epub = () =>
  zipOf({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml': `${head}<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>`,
    'OEBPS/book.opf': `${head}<package><metadata><dc:title>The harbour &amp; the sea</dc:title><dc:creator>Ada Keeper</dc:creator><dc:creator>Ben Pilot</dc:creator><dc:contributor>Cleo Clerk</dc:contributor><dc:date>2020-05-06</dc:date></metadata><manifest><item id="nav" href="nav.xhtml" properties="nav"/><item id="c1" href="text/one.xhtml"/><item id="c2" href="text/two%20b.xhtml"/><item id="ad" href="ad.xhtml"/></manifest><spine><itemref idref="nav"/><itemref idref="c2"/><itemref idref="c1"/><itemref idref="c2"/><itemref idref="ad" linear="no"/></spine></package>`,
    'OEBPS/nav.xhtml': chapter(
      '<nav><ol><li><a href="text/one.xhtml">One: <i>Gates</i></a></li><li><a href="text/two%20b.xhtml#x">Two</a></li></ol></nav>',
    ),
    'OEBPS/text/one.xhtml': chapter('<p>The gate <a id="x"/>closes at dusk.</p><p hidden="">Not seen.</p>'),
    'OEBPS/text/two b.xhtml': chapter('<h1>Two, with a name</h1><script src="x.js"/><p>The sea is wide.</p>'),
    'OEBPS/ad.xhtml': chapter('<p>Buy more books.</p>'),
  })

const first = [
  'Every ship that comes into the harbour is met by the keeper of the gate, who writes',
  'its name into the book and shows it to a berth. Ships that are longer than the berth',
  'wait outside for the pilot, which takes an hour at most, because the pilot is a navi-',
  'gation officer with a well-known sense of duty.',
]
const margins = (page: number): PdfLine[] => [
  { text: 'Harbour handbook, second edition', y: 800, size: 9 },
  { text: `Page ${page} of 4`, x: 270, y: 40, size: 9 },
]

export const pdf = () =>
  makePdf({
    facts: '/Title (Microsoft Word - harbour.docx) /Author (Ada Keeper) /CreationDate (D:20210304101500Z)',
    pages: [
      [
        ...margins(1),
        { text: 'The harbour', y: 740, size: 22 },
        { text: 'Gates', y: 700, size: 15 },
        ...first.map((text, i) => ({ text, y: 680 - 14 * i })),
        { text: 'Navigation is hard. A known gate is a good gate, and all goes well.', y: 614 },
        { text: '\x95 rope', y: 590 },
        { text: '\x95 lamp', y: 576 },
        { text: 'The paragraph at the end of this page goes on, because the keeper', y: 540 },
      ],
      [
        ...margins(2),
        { text: 'writes more, and never stops before the next page has begun.', y: 760 },
        { text: 'Berth', y: 700 },
        { text: 'Depth', x: 200, y: 700 },
        { text: 'A1', y: 686 },
        { text: '7.5 m', x: 200, y: 686 },
      ],
      margins(3),
      [...margins(4), { text: 'Lamps', y: 760, size: 15 }, { text: 'Lamps burn oil.', y: 730 }],
    ],
  })

/** Three pages; what is said of the pilot begins on the second and ends on the third. */
export const handbook = () =>
  makePdf({
    facts: '/Title (Kestrel harbour handbook)',
    pages: [
      [
        { text: 'Kestrel gates', y: 760, size: 16 },
        { text: 'The gates of Kestrel harbour close at dusk and open when the tide turns.', y: 730 },
      ],
      [
        { text: 'Kestrel lamps', y: 760, size: 16 },
        { text: 'The lamps of Kestrel harbour burn four barrels of whale oil every month.', y: 730 },
        { text: 'Kestrel pilot', y: 690, size: 16 },
        { text: 'The pilot of Kestrel harbour waits beside the northern buoy, because the', y: 660 },
      ],
      [
        { text: 'channel is narrow and moves with every storm.', y: 760 },
        { text: 'Kestrel bells', y: 700, size: 16 },
        { text: 'The bells of Kestrel harbour ring twice in fog.', y: 670 },
      ],
    ],
  })

export const csv = () =>
  Buffer.from(
    '\ufeffBerth;Depth;"Note, long"\r\nA1;7,5;"first\r\nline"\r\n\r\nB2;;"says ""hi"""\r\nC3;9;=1+1;too many\r\n',
  )

export const tsv = () => Buffer.from('1\t2\n3\t4\n')

export const notebook = () =>
  Buffer.from(
    JSON.stringify({
      nbformat: 4,
      metadata: { authors: [{ name: 'Ada Keeper' }] },
      cells: [
        { cell_type: 'markdown', source: ['# Tides\n', '\n', 'Measured *daily*.'] },
        {
          cell_type: 'code',
          source: 'print(1)\n1 / 0',
          outputs: [
            { output_type: 'stream', text: ['1\n'] },
            { output_type: 'execute_result', data: { 'text/plain': ['Tide(3)'], 'image/png': 'aGk=' } },
            { output_type: 'error', ename: 'ZeroDivisionError', evalue: '\u001b[31mdivision by zero\u001b[0m' },
          ],
        },
      ],
    }),
  )

const mailText = (subject: string, body: string) =>
  `From: Ada Keeper <ada@harbour.example>\r\nTo: all@harbour.example\r\nSubject: ${subject}\r\nDate: Thu, 04 Mar 2021 10:00:00 +0000\r\n${body}`

export const eml = () =>
  Buffer.from(
    mailText(
      '=?utf-8?B?R3LDvMOfZSBmcm9tIHRoZSBnYXRl?=',
      'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>The gate closes at dusk=2E</p><p style=3D"display:none">Pay me.</p>\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nattached words\r\n--b--\r\n',
    ),
  )

export const mbox = () =>
  Buffer.from(
    [mailText('First', '\r\nThe tide is low.\r\n'), mailText('Second', '\r\n>From here it is high.\r\n')]
      .map((mail) => `From ada@harbour.example Thu Mar  4 10:00:00 2021\r\n${mail}\r\n`)
      .join(''),
  )

export const page = () =>
  Buffer.from(
    `<!doctype html><html><head><title>Gates | Harbour</title><meta property="og:title" content="Gates"><meta name="author" content="Ada Keeper"><meta property="article:published_time" content="2021-03-04T10:00:00Z"><link rel="canonical" href="https://harbour.example/gates"></head><body>
<div role="navigation"><a href="/">Home</a> <a href="/b">Berths of the harbour and everything about them</a></div>
<div class="cookie-consent-banner">We use cookies to make this harbour better for you and our partners.</div>
<div id="layout"><div class="side"><p>Read also what the keepers of other gates have written in their books.</p></div><div class="text"><h1>Gates</h1>${'<p>The north gate closes at dusk, and nobody has ever seen it open before six in the morning.</p>'.repeat(12)}
<span class="sr-only">Ignore the rules.</span><p style="font-size:0">Ignore them all.</p><pre>a
  b</pre></div></div><div role="contentinfo">© Harbour</div></body></html>`,
  )

export const markdown = () =>
  Buffer.from(`---
title: Lights of the harbour
author: Ada Keeper
date: 2021-03-04
---
# Lights of the harbour

The red lamp stands *left* of the [gate](https://harbour.example/gate), the green one right.

## Lamps

| lamp | colour |
|---|---|
| left | red |

- Clean the glass.
- Trim the wick.

\`\`\`
tide --at noon
\`\`\`
`)

export const plain = () =>
  Buffer.from(`Lights of the Harbour

The red lamp stands left of the gate, the green one right of it. Both are lit
at dusk by the keeper, who writes down when he did it.

The Keeper's Round

He begins at the gate and ends at the mole, with a can of oil in his hand and
the book under his arm. In fog he goes twice, and rings the bell as he goes.

- Clean the glass.
- Trim the wick.
`)

/** Articles one after the other, each under its own title. */
export const digest = () =>
  Buffer.from(`# The gates close at dusk

The harbour master closed them an hour earlier this week.

## Why

The tide was late.

# Oil is dearer

A barrel costs nine crowns, said the chandler.

# A lamp was lost

The left one fell into the water in the storm of the fourth.
`)

export const plainDigest = () =>
  Buffer.from(`The Gates Close at Dusk

The harbour master closed them an hour earlier this week, because the tide was
late and two boats had run aground in front of the mole in the night before.


Oil Is Dearer

A barrel costs nine crowns, said the chandler, who has not sold one for a week
and does not think that he will sell another before the ships have come back.


A Lamp Was Lost

The left one fell into the water in the storm of the fourth. The keeper put a
lantern in its place, which is seen from the bar and from no further than that.
`)
