// The differences that we mean, as rows of a table in docs/DIFFERENCES.md: the first cell of a row names where, in back
// quotes, as `Api.path`, and may go on with `request`, the label of the only requests that it is for; * stands for
// anything and {a,b} for either. A row that no answer needs is itself a failure: it has grown old.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export class Accepted {
  readonly #rows: { readonly pattern: string; readonly path: RegExp; readonly request: RegExp; used: boolean }[]

  constructor(text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'DIFFERENCES.md'), 'utf8')) {
    this.#rows = [...text.matchAll(/^\| `([^`]+)`(?: `([^`]+)`)? \|/gm)].map(([, path, request]) => ({
      pattern: `${path} ${request ?? ''}`.trim(),
      path: expressionOf(path!),
      request: expressionOf(request ?? '*'),
      used: false,
    }))
  }

  has(where: string, label: string): boolean {
    const row = this.#rows.find(({ path, request }) => path.test(where) && request.test(label))
    if (row !== undefined) row.used = true
    return row !== undefined
  }

  unused(): string[] {
    return this.#rows.filter((row) => !row.used).map((row) => row.pattern)
  }
}

function expressionOf(pattern: string): RegExp {
  const literal = (text: string) => text.replace(/[^A-Za-z0-9_]/g, '\\$&')
  const source = pattern.replace(/\*|\{([^}]*)\}|[^A-Za-z0-9_]/g, (piece, either: string | undefined) => {
    if (piece === '*') return '.*'
    return either === undefined ? literal(piece) : `(?:${either.split(',').map(literal).join('|')})`
  })
  return new RegExp(`^${source}$`, 's')
}
