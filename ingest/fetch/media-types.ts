// Which types of content are asked for and taken. What is not taken is not downloaded.
import { kindOf } from '../parse/kind.ts'
import type { MediaTypes } from './request.ts'

// Text of any kind, and the formats in which texts are published; what cannot be parsed is refused there.
const documents =
  /^(?:text\/(?!css$|javascript$|ecmascript$|calendar$|vcard$).+|application\/(?:xhtml\+xml|pdf|json|rtf|epub\+zip|x-ipynb\+json|msword|vnd\.openxmlformats-officedocument\..+|vnd\.oasis\.opendocument\..+))$/
const feeds = /^(?:text\/(?:xml|plain|html)|application\/(?:(?:[a-z]+\+)?xml|(?:feed\+)?json|octet-stream|x?-?gzip))$/

export const documentTypes: MediaTypes = {
  ask: 'text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,application/pdf;q=0.8,*/*;q=0.1',
  takes(mediaType, url) {
    // A server that does not know the type leaves the ending to tell it.
    if (mediaType === null || /^(?:application|binary)\/octet-stream$/.test(mediaType))
      return kindOf(url.pathname) !== null
    return documents.test(mediaType)
  },
}

/** Feeds and sitemaps, under all the names they are served by. */
export const listTypes: MediaTypes = {
  ask: 'application/atom+xml,application/rss+xml,application/feed+json,application/xml,text/xml;q=0.9,*/*;q=0.1',
  takes: (mediaType) => mediaType === null || feeds.test(mediaType),
}

/** robots.txt, which servers send as anything. */
export const anyType: MediaTypes = { ask: 'text/plain,*/*;q=0.1', takes: () => true }
