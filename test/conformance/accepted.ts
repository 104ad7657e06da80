// The differences that we mean, as rows of a table in docs/DIFFERENCES.md: the first cell of a row names where, in back
// quotes, as `Api.path`, in which * stands for anything and {a,b} for either. A row that no answer needs is itself a
// failure: it has grown old.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export class Accepted {
  readonly #rows: { readonly pattern: string; readonly expression: RegExp; used: boolean }[]

  constructor(text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'DIFFERENCES.md'), 'utf8')) {
    this.#rows = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, pattern]) => ({
      pattern: pattern!,
      expression: expressionOf(pattern!),
      used: false,
    }))
  }

  has(where: string): boolean {
    const row = this.#rows.find(({ expression }) => expression.test(where))
    if (row !== undefined) row.used = true
    return row !== undefined
  }

  unused(): string[] {
    return this.#rows.filter((row) => !row.used).map((row) => row.pattern)
  }
}

function expressionOf(pattern: string): RegExp {
  const words: Readonly<Record<string, string>> = { '*': '.*', '{': '(?:', ',': '|', '}': ')' }
  const source = pattern.replace(/[^A-Za-z0-9_-]/g, (character) => words[character] ?? `\\${character}`)
  return new RegExp(`^${source}$`, 's')
}
