// The errors in answers, NONE among them: by API, each `errorCode` of an answer counts once, wherever it stands, as in
// Kafka's ErrorsPerSec. Every answer comes by here, so that a function is made of the declaration of each response, as
// the codec makes its own (protocol/codec.ts): 6 ns for an answer about one partition. The source is made of declared
// names only.

import type { Field, Fields } from '../../protocol/field.ts'
import type { Message } from '../../protocol/schema.ts'

export class ErrorCounts {
  none = 0
  readonly others = new Map<number, number>()

  add(errorCode: number): void {
    if (errorCode === 0) this.none++
    else this.others.set(errorCode, (this.others.get(errorCode) ?? 0) + 1)
  }

  /** Code and count, of those that there were. */
  *[Symbol.iterator](): IterableIterator<[number, number]> {
    if (this.none > 0) yield [0, this.none]
    yield* this.others
  }
}

export type CountErrors = (answer: unknown, counts: ErrorCounts) => void

export function compileErrorCount({ fields }: Pick<Message, 'fields'>, version: number): CountErrors {
  const source = `'use strict'\nreturn (v0, counts) => {${inStruct(fields, version, 0)}}`
  return new Function(source)() as CountErrors
}

/** Of the struct in the variable `v` and its depth; empty when there is no error in it. */
function inStruct(fields: Fields, version: number, depth: number): string {
  let source = ''
  for (const [name, field] of Object.entries(fields)) {
    if (version < field.since || version > field.until) continue
    source += CODES.has(name) ? inCode(`v${depth}.${name}`) : inField(`v${depth}.${name}`, field, version, depth + 1)
  }
  return source
}

/** AddPartitionsToTxn has the one with a name of its own. */
const CODES = new Set(['errorCode', 'partitionErrorCode'])

/** What an answer leaves out is 0. */
function inCode(value: string): string {
  return `{ const code = ${value}; if (code === 0 || code === undefined) counts.none++; else counts.add(code) }\n`
}

function inField(value: string, { type, element, fields }: Field, version: number, depth: number): string {
  const inside = inStruct((type === 'array' ? element?.fields : fields) ?? {}, version, depth)
  if (inside === '') return ''
  const begin = `{ const f${depth} = ${value}; if (f${depth} !== null && f${depth} !== undefined) `
  if (type === 'struct') return `${begin}{ const v${depth} = f${depth}; ${inside} } }\n`
  return `${begin}for (let i = 0; i < f${depth}.length; i++) { const v${depth} = f${depth}[i]; ${inside} } }\n`
}
