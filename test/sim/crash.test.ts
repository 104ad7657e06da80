// A few seeds of each crash simulation. More of them: test/sim/crash.ts.

import t from 'tap'
import { seed } from '../host/implementations.ts'
import { runBrokerCrash } from './broker-crash.ts'
import { runLogCrash } from './log-crash.ts'
import { runTransactionCrash } from './transaction-crash.ts'

const isReplay = process.env['SEED'] !== undefined

async function holds(name: string, count: number, run: (seed: number) => Promise<unknown>): Promise<void> {
  await t.test(name, async (t) => {
    for (let at = seed; at < seed + (isReplay ? 1 : count); at++) {
      try {
        await run(at)
        t.pass(`seed ${at}`)
      } catch (error) {
        t.fail(`seed ${at}: ${error instanceof Error ? error.stack : String(error)}`)
      }
    }
  })
}

await holds('a log keeps what was durable through every crash', 100, runLogCrash)
await holds('a broker keeps what was acknowledged through every crash', 20, runBrokerCrash)
await holds('what is consumed, transformed and produced in transactions is there exactly once', 8, runTransactionCrash)

await t.test('the same seed gives the same run, event for event', async (t) => {
  t.same(await runBrokerCrash(seed), await runBrokerCrash(seed))
})
