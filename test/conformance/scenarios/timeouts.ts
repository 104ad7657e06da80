// Transactions that take longer than their producer has said: the coordinator aborts them, which it looks for every ten
// seconds. Under transaction.version 2 the epoch rises as with every end, below it to shut the producer out.

import type { Scenario, Session } from '../session.ts'
import { atLevels } from './levels.ts'
import { created, described, Producer, ready } from './transactions.ts'

async function timeouts(s: Session): Promise<void> {
  await ready(s, 'timeouts')
  await atLevels(s, 'transaction.version', [2, 0], async (level, isLast) => {
    if (isLast) return
    const versions = level === 0 ? [9] : [9, 12]
    const open: Awaited<ReturnType<typeof begin>>[] = []
    for (const version of versions) open.push(await begin(s, `timeouts-${level}-v${version}`, version))
    for (const { producer, topic, version, name } of open) {
      const body = { transactionalIds: [name] }
      await s.settled(`timed out, ${name}`, 'DescribeTransactions', 0, body, ({ transactionStates: [state] }) => {
        return state?.transactionState === 'CompleteAbort'
      })
      await described(s, topic, `timed out, ${name}`)
      const end = version < 12 ? 4 : 5
      await producer.produce(`late, ${name}`, version, topic, 1)
      if (version < 12) await producer.add(`late, ${name}`, 3, [{ name, partitions: [0] }])
      await producer.end(`commit, ${name}`, end, true)
      await producer.end(`abort, ${name}`, end, false)
      const going = { ...producer.identity, transactionTimeoutMs: 60_000 }
      await s.ask(`going on, ${name}`, 'InitProducerId', 5, going)
      await s.ask(`going on again, ${name}`, 'InitProducerId', 5, going)
      await s.ask(`anew, ${name}`, 'InitProducerId', 5, { ...going, producerId: -1n, producerEpoch: -1 })
      await producer.settled(`in the end, ${name}`)
    }
  })
}

async function begin(s: Session, name: string, version: number) {
  const topic = await created(s, name, 2)
  const producer = new Producer(s, name)
  const asked = { transactionalId: name, transactionTimeoutMs: 1000 }
  const answer = await s.settled(`the first, ${name}`, 'InitProducerId', 5, asked, ({ errorCode }) => errorCode === 0)
  producer.producerId = answer?.producerId ?? -1n
  producer.producerEpoch = answer?.producerEpoch ?? -1
  if (version < 12) await producer.add(`open, ${name}`, 3, [{ name, partitions: [0] }])
  await producer.produce(`open, ${name}`, version, topic, 0)
  return { producer, topic, version, name }
}

export const timeoutScenarios: Readonly<Record<string, Scenario>> = { 'transactions: timeouts': timeouts }
