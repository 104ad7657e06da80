#!/usr/bin/env node
// The command `milena`. The broker is loaded only once the arguments are known to ask for one, through Node's compile
// cache: reading and stripping some two hundred files costs more than starting.

import { enableCompileCache } from 'node:module'
import { helpText, parseArguments, UsageError } from './arguments.ts'
import { version } from './version.ts'

enableCompileCache()
// Before the pool is first used. Syncs of many logs wait for the device together: docs/decisions/group-commit.md.
process.env.UV_THREADPOOL_SIZE ??= '16'

async function run(): Promise<number> {
  const command = parseArguments(process.argv.slice(2))
  if (command.name === 'help') process.stdout.write(helpText)
  if (command.name === 'version') process.stdout.write(`${version()}\n`)
  if (command.name !== 'serve') return 0
  const { serve } = await import('./serve.ts')
  return serve(command)
}

try {
  process.exitCode = await run()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`milena: ${error.message}\n`)
  process.exitCode = 2
}
