// Reads the TAP stream of a run: one line for a file that passed, every failure in full, counts at the end.

import type { Readable } from 'node:stream'
import { Parser } from 'tap-parser'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** A difference of two large objects would push all other failures off the screen. */
const maxDiagnosticLines = 60

/** What the parser tells of one assertion; names are those of TAP and of tap's diagnostics. */
interface Assertion {
  readonly ok: boolean
  readonly name: string
  readonly fullname: string
  readonly skip: string | boolean
  readonly todo: string | boolean
  readonly time: number | null
  readonly diag: Record<string, unknown> | null
}

export function report(tap: Readable, print: (line: string) => void): Promise<Counts> {
  let passed = 0
  let failed = 0
  let skipped = 0
  let passedInFile = 0
  let failedInFile = 0
  const parser = new Parser()
  // A leaf: subtests and files are counted by what is in them.
  parser.on('result', (result: Assertion) => {
    if (result.skip || result.todo) skipped++
    else if (result.ok) {
      passed++
      passedInFile++
    } else {
      failed++
      failedInFile++
      for (const line of failureLines(result)) print(line)
    }
  })
  parser.on('assert', (file: Assertion) => {
    const seconds = ((file.time ?? 0) / 1000).toFixed(1)
    if (passedInFile + failedInFile === 0 && file.ok) {
      failed++
      print(`FAILED ${file.name}: it has no tests`)
    } else if (file.ok) print(`ok ${file.name}  ${passedInFile} in ${seconds} s`)
    passedInFile = 0
    failedInFile = 0
  })
  return new Promise((resolve, reject) => {
    parser.on('complete', () => resolve({ passed, failed, skipped }))
    tap.on('error', reject)
    tap.pipe(parser)
  })
}

function failureLines(result: Assertion): string[] {
  const diagnostics = result.diag ?? {}
  if (typeof diagnostics['expired'] === 'string') return [`FAILED ${diagnostics['expired']} took too long`]
  if (typeof diagnostics['exitCode'] === 'number' || typeof diagnostics['signal'] === 'string') {
    const how = diagnostics['signal'] ?? `exit code ${diagnostics['exitCode']}`
    return [`FAILED ${result.fullname} ended with ${how} (its output is above)`]
  }
  const lines = [`FAILED ${result.fullname}`]
  for (const [name, value] of Object.entries(diagnostics)) {
    if (name === 'source' || name === 'at' || name === 'compare' || value === undefined) continue
    const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value)
    const textLines = text.split('\n')
    if (textLines.length > maxDiagnosticLines) textLines.splice(maxDiagnosticLines, Infinity, '…')
    if (textLines.length > 1 || name === 'stack') lines.push(...textLines.map((line) => `    ${line}`))
    else lines.push(`    ${name}: ${text}`)
  }
  return lines
}
