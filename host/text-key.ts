// Texts as keys of a Map or Set, however long they are.

import { createHash } from 'node:crypto'

/** V8 hashes longer strings by their length alone: each is compared with each, 32 KB of it where they begin alike. */
const MAX_HASHED_LENGTH = 16_383
/** What no other key begins with. */
const MARK = '\u0000'

/** The text, or a digest in its place. */
export function textKey(text: string): string {
  if (text.length <= MAX_HASHED_LENGTH && !text.startsWith(MARK)) return text
  return MARK + createHash('sha256').update(text).digest('base64')
}
