// The help of npm run eval.
export const usage = `npm run eval -- [--set <questions.jsonl> --library <folder>] [--only kind=<kind>] [--half a|b] [--sample 50] [--seed 1] [--size 1000] [--parallel 1] [--fresh] [--judge] [--run <file>] [--cache <folder>] [--database <postgres://…>]
  Questions over documents: your own, or else those of this repository. Ctrl-C keeps what was answered.
  --half      half of the questions, by a hash of their ids: fit on one, report on the other
  --sample    so many of them, the same ones for the same seed
  --size      characters of a chunk
  --fresh     asks again what is kept from an earlier run of the same code
  --judge     has the run judged afterwards by the configured model, as the command "judge" does
  --run       the file of the run, instead of one below eval/runs; the page of the report stands beside it
  --cache     the folder of kept answers, instead of eval/runs/cache
  --database  where the documents are learned and stay, instead of a database that is gone afterwards
  --url <http://host:port> [--key <key>]   asks a running server, which has learned the folder, instead of the pipeline

npm run eval -- compare <run> <run>
  What is better and worse in the second, metric by metric and question by question.
npm run eval -- gate [--baseline eval/baseline.json] [--update]
  Exit code 1, and why, when the answers are worse than those of the baseline; --update makes them the baseline.
npm run eval -- report <run> [--baseline <run>] [--out report.html]
  A run as a page that needs no network and no script, beside the run that it is compared with.

npm run eval -- from-feedback [--url http://… | --database <postgres://…>] [--library <folder>] [--cases <file.jsonl>]
  Answers with a thumb down become cases, for you to fill in: from a server, a database, or your data directory.
npm run eval -- from-feedback --check [--library <folder>] [--cases <file.jsonl>] [--date 2026-12-31]
  Asks the filled-in ones again, and marks those that turned green. Exit code 1: one is red that had been green.

npm run eval -- ablate [--set <questions.jsonl> --library <folder>]
  The same questions with one step of the pipeline taken away at a time, against all of them.
npm run eval -- turns [--set <questions.jsonl> --library <folder>]
  The questions with a history, searched for in several ways: the last turn alone, all turns, our rewrite, a given one.
npm run eval -- fit [--set <questions.jsonl> --library <folder>] [--clapnq <folder>] [--squad <file> --sample 500 --seed 1] [--only evidence|candidates|pieces] [--ridge 1]
  Fits the weights of the three linear models on half a and prints them, with their figures before and after on both
  halves. The public sets are for the evidence alone.

npm run eval -- judge <run> [--out <run.json>] [--parallel 4] [--temperature 0] [--judge-cache <folder>] [--scorecards <folder>]
  A run that was written before, claim by claim: does the configured model find each in the words it cites? Writes the
  verdicts beside the run.
  --out          the run with the judge's scores beside its own, to be compared like any other
  --temperature  "model" for a model that takes none
  --judge-cache  the folder of the judge's replies: with it, the same run costs nothing anywhere
npm run eval -- judge-check [--wice <folder>] [--planted <folder>] [--sample 100] [--out <file>]
  The judge itself, against people's labels and errors put into sentences: may it gate? Writes its scorecard.

npm run eval -- planted <folder> [--seed 7] [--failures]      errors put into sentences of a library: are they seen?
npm run eval -- clapnq <folder>                               long answers from one passage, and refusals
npm run eval -- squad <file> [--sample 500] [--seed 1]        short answers from one paragraph, and refusals
npm run eval -- chunking <folder> [--size 400,800,1000,1200]  evidence in what is retrieved, by chunk size
npm run eval -- rewrites <folder>                             follow-up questions against those a person rewrote
npm run eval -- wice <folder>                                 the check of a model's sentences against people's labels
npm run eval -- bipia <folder> [--library <folder>]           hidden orders in documents: are they quoted?
npm run eval -- beir <folder> [--only test]                   any set in the form of BEIR: words, vectors, and both
  Public sets; what they are and where they come from: docs/evaluation.md.

Exit code: 0 done, 1 failed or worse than the baseline, 2 wrong usage, 130 stopped by Ctrl-C.`
