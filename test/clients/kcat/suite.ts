// kcat (librdkafka), as Debian packages it. It makes no topic with several partitions: Kafka's own tool does that.

import assert from 'node:assert/strict'
import { Child, checkGroup, expect, type Member, type Report, run, sameLines, sleep, type Target } from '../harness.ts'
import { KafkaTools } from '../java/kafka.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const partitions = 6

export async function suite(target: Target, report: Report): Promise<void> {
  const tools = await KafkaTools.resolve()
  const suffix = Date.now().toString(36)
  const topic = `kcat-${suffix}`
  const create = (name: string, count: number) => {
    const shape = ['--partitions', String(count), '--replication-factor', '1']
    return tools.run('kafka-topics', ['--bootstrap-server', target.bootstrap, '--create', '--topic', name, ...shape])
  }
  await create(topic, 2)
  const kcat = (args: readonly string[], input?: string) =>
    run('kcat', ['-b', target.bootstrap, '-m', '20', ...args], input === undefined ? {} : { input })
  const produce = (lines: readonly string[], ...args: string[]) => kcat(['-P', ...args], `${lines.join('\n')}\n`)
  const consume = async (...args: string[]) => lines(await kcat(['-C', '-q', '-e', ...args]))

  await report.check('lists brokers, topics and partitions', async () => {
    const metadata = await kcat(['-L'])
    expect(metadata, / \d+ brokers:/, / at 127\.0\.0\.1:\d+ \(controller\)/)
    expect(
      metadata,
      new RegExp(`topic "${topic}" with 2 partitions:\n +partition 0, leader (\\d+), replicas: \\1, isrs: \\1`),
    )
    expect(await kcat(['-L', '-J', '-t', topic]), new RegExp(`"topic":"${topic}","partitions":\\[\\{"partition":0,`))
  })

  await report.check('makes a missing topic by producing to it', async () => {
    const created = `kcat-created-${suffix}`
    await produce(['first'], '-t', created)
    assert.deepEqual(await consume('-t', created, '-f', '%p:%o:%s\n'), ['0:0:first'])
  })

  const sent: string[] = []
  for (const codec of codecs)
    await report.check(`produces and consumes: ${codec}`, async () => {
      const records = Array.from(
        { length: 100 },
        (_, i) => `${codec}-${i}:value ${codec} ${i}${' repeated'.repeat(20)}`,
      )
      await produce(records, '-t', topic, '-K:', '-z', codec)
      sent.push(...records)
      sameLines(await consume('-t', topic, '-o', 'beginning', '-f', '%k:%s\n'), sent)
    })

  await report.check('produces idempotently', async () => {
    const records = Array.from({ length: 1000 }, (_, i) => `idempotent-${i}:${i}`)
    await produce(records, '-t', topic, '-K:', '-X', 'enable.idempotence=true')
    sent.push(...records)
    sameLines(await consume('-t', topic, '-o', 'beginning', '-f', '%k:%s\n'), sent)
  })

  for (const acks of ['0', '1'])
    await report.check(`produces with acks=${acks}`, async () => {
      await produce([`acks-${acks}:x`], '-t', topic, '-K:', '-X', `acks=${acks}`)
      sent.push(`acks-${acks}:x`)
      await sleep(acks === '0' ? 500 : 0) // nobody says when acks=0 has arrived
      sameLines(await consume('-t', topic, '-o', 'beginning', '-f', '%k:%s\n'), sent)
    })

  await report.check('keeps headers, tombstones and offsets dense', async () => {
    const named = `kcat-headers-${suffix}`
    await produce(['k:', 'k:v'], '-t', named, '-K:', '-Z', '-H', 'trace=1', '-H', 'empty=')
    assert.deepEqual(await consume('-t', named, '-f', '%o|%k|%S|%h\n'), [
      '0|k|-1|trace=1,empty=',
      '1|k|1|trace=1,empty=',
    ])
    const offsets = await consume('-t', topic, '-p', '0', '-f', '%o\n')
    assert.deepEqual(
      offsets,
      offsets.map((_, i) => String(i)),
    )
  })

  await report.check('produces a record of 900 kB', async () => {
    await produce([`large:${'x'.repeat(900_000)}`], '-t', topic, '-K:')
    sent.push(`large:${'x'.repeat(900_000)}`)
    const sizes = await consume('-t', topic, '-f', '%k %S\n')
    assert.ok(sizes.includes('large 900000'))
  })

  await report.check('is told the reason when a record is too large', async () => {
    const args = ['-b', target.bootstrap, '-P', '-t', topic, '-X', 'message.max.bytes=3000000']
    const output = await run('kcat', args, { input: 'y'.repeat(2_000_000), exitCode: 1 })
    expect(output, /Broker: Message size too large/)
  })

  await report.check('reads from an offset, the last ones, and by time', async () => {
    const timed = `kcat-time-${suffix}`
    await produce(['a', 'b'], '-t', timed)
    await sleep(20)
    const middle = Date.now()
    await sleep(20)
    await produce(['c', 'd', 'e'], '-t', timed)
    assert.deepEqual(await consume('-t', timed, '-p', '0', '-o', '3', '-f', '%s\n'), ['d', 'e'])
    assert.deepEqual(await consume('-t', timed, '-p', '0', '-o', '-1', '-f', '%s\n'), ['e'])
    assert.deepEqual(await consume('-t', timed, '-p', '0', '-o', `s@${middle}`, '-f', '%s\n'), ['c', 'd', 'e'])
    assert.deepEqual(await consume('-t', timed, '-p', '0', '-o', 'beginning', '-o', `e@${middle}`, '-f', '%s\n'), [
      'a',
      'b',
    ])
    expect(await kcat(['-Q', '-t', `${timed}:0:${middle}`]), new RegExp(`${timed} \\[0\\] offset 2`))
    expect(await kcat(['-Q', '-t', `${timed}:0:-1`]), new RegExp(`${timed} \\[0\\] offset 5`))
    expect(await kcat(['-Q', '-t', `${timed}:0:-2`]), new RegExp(`${timed} \\[0\\] offset 0`))
  })

  await report.check('commits in a group, and resumes there', async () => {
    const half = Math.floor(sent.length / 2)
    const group = ['-q', '-X', 'auto.offset.reset=earliest', '-f', '%p:%o\n']
    const first = lines(await kcat([...group, '-c', String(half), '-G', `kcat-resume-${suffix}`, topic]))
    const rest = lines(await kcat([...group, '-e', '-G', `kcat-resume-${suffix}`, topic]))
    assert.equal(first.length, half)
    assert.equal(new Set([...first, ...rest]).size, sent.length, 'distinct records')
    assert.equal(first.length + rest.length, sent.length, 'records')
  })

  for (const strategy of ['range', 'cooperative-sticky']) {
    const groupTopic = `kcat-${strategy}-${suffix}`
    await create(groupTopic, partitions)
    await checkGroup(report, `group (${strategy})`, {
      partitions,
      start: () => startMember(target.bootstrap, groupTopic, groupTopic, strategy),
      produce: async (count) => {
        const perPartition = (partition: number) =>
          Array.from({ length: Math.floor((count + partition) / partitions) }, (_, i) => `${i}`)
        for (let partition = 0; partition < partitions; partition++)
          await produce(perPartition(partition), '-t', groupTopic, '-p', String(partition))
      },
    })
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

function startMember(bootstrap: string, group: string, topic: string, strategy: string): Member {
  const properties = ['session.timeout.ms=6000', 'heartbeat.interval.ms=500', 'auto.offset.reset=earliest']
  properties.push(`partition.assignment.strategy=${strategy}`, 'auto.commit.interval.ms=200')
  const options = properties.flatMap((property) => ['-X', property])
  const child = new Child('kcat', ['-b', bootstrap, '-u', '-f', 'read %p:%o\n', ...options, '-G', group, topic])
  const assigned = new Set<number>()
  const read: string[] = []
  child.onLine = (line) => {
    if (line.startsWith('read ')) read.push(line.slice(5))
    // "assigned: …" eagerly, "incremental assignment of …" if not
    const change = /rebalanced.*?\b(assign|revoke)/.exec(line)?.[1]
    for (const [, partition] of change ? line.matchAll(/\[(\d+)\]/g) : [])
      if (change === 'assign') assigned.add(Number(partition))
      else assigned.delete(Number(partition))
  }
  return { child, assigned: () => [...assigned], read: () => read }
}
