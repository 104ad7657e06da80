// What a command line asks for, done. The broker is loaded only once the arguments are known to ask for one.

import { helpText, parseArguments, UsageError } from './arguments.ts'
import { version } from './version.ts'

/** Answers the exit code. `whenUp` is called when a broker serves. */
export async function run(words: readonly string[], whenUp: () => void): Promise<number> {
  try {
    const command = parseArguments(words)
    if (command.name === 'help') process.stdout.write(helpText)
    if (command.name === 'version') process.stdout.write(`${version()}\n`)
    if (command.name !== 'serve') return 0
    const { serve } = await import('./serve.ts')
    return await serve(command, whenUp)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`milena: ${error.message}\n`)
    return 2
  }
}
