// Milena as `npm start` starts it: built first.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const built = new Map<string, readonly string[]>()

/** Node's arguments that run the command of a checkout. One of before there was a build runs from its source. */
export function milenaCommand(checkout: string): readonly string[] {
  let command = built.get(checkout)
  if (command === undefined) {
    const build = join(checkout, 'cli', 'build.mjs')
    if (existsSync(build)) execFileSync(process.execPath, [build])
    command = existsSync(build) ? [join(checkout, 'dist', 'cli', 'milena.js')] : sourceCommand(checkout)
    built.set(checkout, command)
  }
  return command
}

export function sourceCommand(checkout: string): readonly string[] {
  return ['--conditions=milena-source', join(checkout, 'cli', 'milena.mjs')]
}
