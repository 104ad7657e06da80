// Share groups through Apache Kafka's own tools: records are consumed once, offered again, rejected into a dead letter
// topic; offsets are shown, reset and deleted.

import assert from 'node:assert/strict'
import { expect, type Report, sleep } from '../harness.ts'
import type { Tool } from './kafka.ts'

const COUNT = 300
/** Assignments and dead letters come a little later. */
const PATIENCE_MS = 20_000

export async function shareGroups(tool: Tool, report: Report, prefix: string): Promise<void> {
  const topic = `${prefix}-share`
  const group = `${topic}-group`
  const letters = `dlq.${topic}`
  const sent = Array.from({ length: COUNT }, (_, index) => `value-${index}`)
  const ofGroup = ['--group', group]
  const config = (value: string) => ['--alter', '--group', group, '--add-config', value]
  const lines = (output: string) => output.split('\n').filter((line) => line.startsWith('value-'))

  await report.check('share groups: a topic and a group', async () => {
    const shape = ['--topic', topic, '--partitions', '2', '--replication-factor', '1']
    expect(await tool('kafka-topics', ['--create', ...shape]), /Created topic/)
    expect(await tool('kafka-configs', config('share.auto.offset.reset=earliest')), /Completed/)
    await tool('kafka-console-producer', ['--topic', topic], { input: `${sent.join('\n')}\n` })
  })
  const consume = (...more: string[]) => {
    const limits = ['--max-messages', String(COUNT), '--timeout-ms', String(PATIENCE_MS)]
    return tool('kafka-console-share-consumer', ['--topic', topic, ...ofGroup, ...limits, ...more])
  }
  await report.check('share groups: console-share-consumer', async () => {
    assert.deepEqual(lines(await consume()).sort(), [...sent].sort())
  })
  await report.check('share groups: list, describe', async () => {
    expect(await tool('kafka-share-groups', ['--list']), new RegExp(group))
    expect(await tool('kafka-share-groups', ['--describe', ...ofGroup, '--state']), /Empty\s+0/)
    const offsets = await tool('kafka-share-groups', ['--describe', ...ofGroup])
    expect(offsets, new RegExp(`${group}\\s+${topic}\\s+\\d\\s+\\d+\\s+0`))
    assert.doesNotMatch(offsets, new RegExp(`${topic}\\s+\\d\\s+\\d+\\s+[1-9]`))
  })
  await report.check('share groups: offsets are reset', async () => {
    const where = ['--topic', topic, '--to-earliest', '--execute']
    expect(await tool('kafka-share-groups', ['--reset-offsets', ...ofGroup, ...where]), /NEW-OFFSET/)
  })
  await report.check('share groups: rejected records are dead letters', async () => {
    const allowed = ['--alter', '--entity-type', 'brokers', '--entity-default', '--add-config']
    const creates = 'errors.deadletterqueue.auto.create.topics.enable=true'
    expect(await tool('kafka-configs', [...allowed, creates]), /Completed/)
    const value = `errors.deadletterqueue.topic.name=${letters},errors.deadletterqueue.copy.record.enable=true`
    expect(await tool('kafka-configs', config(value)), /Completed/)
    assert.equal(lines(await consume('--reject')).length, COUNT)
    await sleep(2_000)
    const reading = ['--topic', letters, '--from-beginning', '--max-messages', String(COUNT)]
    const shown = ['--timeout-ms', String(PATIENCE_MS), '--formatter-property', 'print.headers=true']
    const output = await tool('kafka-console-consumer', [...reading, ...shown])
    const read = output.split('\n').filter((line) => line.includes('__dlq.errors.offset'))
    assert.equal(read.length, COUNT)
    expect(output, new RegExp(`__dlq.errors.topic:${topic},.*__dlq.errors.group:${group},.*rejected by client`))
  })
  await report.check('share groups: share-consumer-perf-test', async () => {
    const size = ['--topic', topic, '--num-records', '5000', '--record-size', '100', '--throughput', '-1']
    expect(await tool('kafka-producer-perf-test', size), /5000 records sent/)
    const reading = ['--topic', topic, '--num-records', '5000', '--timeout', String(PATIENCE_MS)]
    expect(await tool('kafka-share-consumer-perf-test', [...reading, ...ofGroup]), /, 5000, /)
  })
  await report.check('share groups: deletion', async () => {
    const forget = ['--delete-offsets', ...ofGroup, '--topic', topic]
    expect(await tool('kafka-share-groups', forget), /Successful/)
    expect(await tool('kafka-share-groups', ['--delete', ...ofGroup]), /successful/)
    assert.doesNotMatch(await tool('kafka-share-groups', ['--list']), new RegExp(group))
  })
}
