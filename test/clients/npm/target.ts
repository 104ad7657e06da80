/**
 * The broker that the suites of npm clients run against: one started in this process, or the one that MILENA_BOOTSTRAP
 * names, which may be Apache Kafka: what these suites expect is what they saw there.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Broker } from 'milena'

export type Target = { bootstrap: string; stop(): Promise<void> }

const POLL_MS = 20

export async function startTarget(): Promise<Target> {
  const bootstrap = process.env['MILENA_BOOTSTRAP']
  if (bootstrap !== undefined) return { bootstrap, stop: async () => {} }
  return Broker.start()
}

/** Names are new in each run, so that a suite can run again on the same broker. */
export function unique(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}

export async function until(what: string, holds: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`)
    await sleep(POLL_MS)
  }
}
