// Transactions through Apache Kafka's own tools: what they list and describe, and a transaction that hangs, as one does
// that was written without asking its coordinator: it is found, and ended.

import assert from 'node:assert/strict'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { Peer } from '../../conformance/peer.ts'
import { expect, type Report, sleep } from '../harness.ts'
import type { Tool } from './kafka.ts'

/** Longer than transaction.max.timeout.ms, by which the tool tells what hangs. */
const AGE_MS = 20 * 60_000

export async function transactions(bootstrap: string, tool: Tool, report: Report, prefix: string): Promise<void> {
  const id = `${prefix}-tx`
  const topic = `${id}-topic`
  const check = (name: string, ofKafka: string, args: readonly string[], ...patterns: readonly RegExp[]) =>
    report.check(`transactions: ${name}`, async () => expect(await tool(ofKafka, args), ...patterns))
  const shape = ['--partitions', '2', '--replication-factor', '1']
  await check('a topic', 'kafka-topics', ['--create', '--topic', topic, ...shape], /Created topic/)
  const produce = ['--topic', topic, '--num-records', '5000', '--record-size', '100', '--throughput', '-1']
  const transactional = [...produce, '--transactional-id', id, '--transaction-duration-ms', '50']
  await check('perf-test', 'kafka-producer-perf-test', transactional, /5000 records sent/)
  await check('list', 'kafka-transactions', ['list'], new RegExp(`${id}\\s+1\\s+\\d+\\s+Complete`))
  const describe = ['describe', '--transactional-id', id]
  await check('describe', 'kafka-transactions', describe, /CompleteCommit\s+60000/)
  await report.check('transactions: read committed', async () => {
    const limits = ['--max-messages', '5000', '--timeout-ms', '20000']
    const reading = ['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed', ...limits]
    const lines = (await tool('kafka-console-consumer', reading)).split('\n').filter((line) => line.length === 100)
    assert.equal(lines.length, 5000)
  })
  const hanging = ['find-hanging', '--broker-id', '1']
  await check('none hangs', 'kafka-transactions', hanging, /^Topic[^\n]*\n*$/m)
  const verifying = (isOn: boolean) => {
    const value = `transaction.partition.verification.enable=${isOn}`
    const all = ['--entity-type', 'brokers', '--entity-default']
    return tool('kafka-configs', ['--alter', ...all, '--add-config', value])
  }
  await report.check('transactions: one hangs, is found and ended', async () => {
    expect(await verifying(false), /Completed updating/)
    const { producerId, offset } = await hang(bootstrap, topic, `${id}-hanging`)
    const found = new RegExp(`^${topic}\\s+0\\s+${producerId}\\s+0\\s`, 'm')
    expect(await tool('kafka-transactions', hanging), found)
    const where = ['--topic', topic, '--partition', '0', '--start-offset', String(offset)]
    await tool('kafka-transactions', ['abort', ...where])
    assert.doesNotMatch(await tool('kafka-transactions', hanging), found)
    expect(await verifying(true), /Completed updating/)
  })
}

/** Opens a transaction in partition 0 of which its coordinator knows nothing. */
async function hang(bootstrap: string, topic: string, transactionalId: string) {
  const peer = new Peer(bootstrap)
  try {
    const asked = { transactionalId, transactionTimeoutMs: 60_000 }
    for (let attempt = 0; attempt < 100; attempt++) {
      const begun = await peer.request('InitProducerId', 4, asked)
      if (begun.kind !== 'body') throw new Error(`InitProducerId: ${begun.kind}`)
      const { errorCode, producerId, producerEpoch } = begun.body
      if (errorCode !== ErrorCode.NONE) {
        await sleep(100)
        continue
      }
      const records = buildBatch({
        ...{ transactional: true, producerId, producerEpoch, baseSequence: 0, timestamp: Date.now() - AGE_MS },
        records: [{ key: null, value: Buffer.from('hanging') }],
      })
      const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
      const produced = await peer.request('Produce', 9, { transactionalId, acks: -1, timeoutMs: 10_000, topicData })
      const partition = produced.kind === 'body' ? produced.body.responses[0]?.partitionResponses[0] : undefined
      assert.equal(partition?.errorCode, ErrorCode.NONE)
      return { producerId, offset: partition.baseOffset }
    }
    throw new Error(`no producer id for ${transactionalId}`)
  } finally {
    peer.close()
  }
}
