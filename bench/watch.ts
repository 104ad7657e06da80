// The broker's side of load/preload.ts: what is asked by SIGUSR2 is answered with a file that appears whole.

import { renameSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

export function onQuestion(answer: () => string | Promise<string>): void {
  const file = process.env['MILENA_WATCH']
  if (file === undefined || !isMainThread) return
  process.on('SIGUSR2', async () => {
    writeFileSync(`${file}.new`, await answer())
    renameSync(`${file}.new`, file)
  })
}
