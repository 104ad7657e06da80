// Apache Kafka's own console tools, each command once, in the order in which an operator would meet them; dump-log
// afterwards over everything that the broker left on the disk.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkGroup,
  expect,
  type Member,
  type Report,
  type RunOptions,
  refuse,
  sameLines,
  sleep,
  type Target,
} from '../harness.ts'
import { KafkaTools, type Tool } from './kafka.ts'
import { operating } from './operating.ts'
import { shareGroups } from './share-groups.ts'
import { transactions } from './transactions.ts'

export async function suite(target: Target, report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-java-'))
  try {
    await new JavaSuite(target, report, await KafkaTools.resolve(), dir).run()
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const groupPartitions = 6

class JavaSuite {
  readonly #target: Target
  readonly #report: Report
  readonly #tools: KafkaTools
  readonly #dir: string
  readonly #topic = `java-${Date.now().toString(36)}`
  readonly #group = `${this.#topic}-group`
  /** key:value of every record produced to the topic by the console producer. */
  readonly #sent: string[] = []

  constructor(target: Target, report: Report, tools: KafkaTools, dir: string) {
    this.#target = target
    this.#report = report
    this.#tools = tools
    this.#dir = dir
  }

  async run(): Promise<void> {
    await this.#cluster()
    await this.#topics()
    await this.#configs()
    await this.#produceAndConsume()
    await this.#offsets()
    await this.#groups()
    await this.#consumerGroup()
    await this.#groupOfThree()
    await this.#perf()
    const tool: Tool = (...call) => this.#tool(...call)
    await transactions(this.#target.bootstrap, tool, this.#report, this.#topic)
    await shareGroups(tool, this.#report, this.#topic)
    await operating(this.#target, this.#tools, this.#report, this.#topic, this.#dir)
    await this.#deletions()
    await this.#dumpLog()
  }

  #tool(tool: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return this.#tools.run(tool, ['--bootstrap-server', this.#target.bootstrap, ...args], options)
  }

  #check(name: string, tool: string, args: readonly string[], ...patterns: readonly RegExp[]): Promise<boolean> {
    return this.#report.check(name, async () => expect(await this.#tool(tool, args), ...patterns))
  }

  async #cluster(): Promise<void> {
    const versions = [
      /\(id: \d+ rack: null/,
      /Produce\(0\): 0 to 13 /,
      /Fetch\(1\): 4 to 18 /,
      /ApiVersions\(18\): 0 to 5 /,
    ]
    await this.#check('broker-api-versions', 'kafka-broker-api-versions', [], ...versions)
    await this.#check('features: describe', 'kafka-features', ['describe'], /Feature: metadata\.version\s/)
    await this.#report.check('cluster: id', async () => {
      const output = await this.#tools.run('kafka-cluster', [
        'cluster-id',
        '--bootstrap-server',
        this.#target.bootstrap,
      ])
      expect(output, /Cluster ID: [A-Za-z0-9_-]{22}$/m)
    })
  }

  async #topics(): Promise<void> {
    const named = ['--topic', this.#topic]
    const create = [
      '--create',
      ...named,
      '--partitions',
      '3',
      '--replication-factor',
      '1',
      '--config',
      'segment.bytes=1048576',
    ]
    await this.#check('topics: create', 'kafka-topics', create, /Created topic/)
    await this.#report.check('topics: create again fails', async () => {
      expect(await this.#tool('kafka-topics', create, { exitCode: 1 }), /already exists/)
    })
    await this.#report.check('topics: create with too many replicas fails', async () => {
      const replicas = [
        '--create',
        '--topic',
        `${this.#topic}-replicas`,
        '--partitions',
        '1',
        '--replication-factor',
        '3',
      ]
      const output = await this.#tool('kafka-topics', replicas, { exitCode: 1 })
      expect(output, /InvalidReplicationFactorException|replication factor/i)
    })
    await this.#check('topics: alter', 'kafka-topics', ['--alter', ...named, '--partitions', '4'])
    const described = [/PartitionCount: 4\s+ReplicationFactor: 1\s+Configs:.*segment.bytes=1048576/]
    const partition = /Partition: 3\s+Leader: (\d+)\s+Replicas: \1\s+Isr: \1/
    await this.#check('topics: describe', 'kafka-topics', ['--describe', ...named], ...described, partition)
    await this.#check('topics: list', 'kafka-topics', ['--list'], new RegExp(`^${this.#topic}$`, 'm'))
  }

  async #configs(): Promise<void> {
    const entity = ['--entity-type', 'topics', '--entity-name', this.#topic]
    const add = ['--alter', ...entity, '--add-config', 'retention.ms=3600000,max.message.bytes=2000000']
    await this.#check('configs: alter a topic', 'kafka-configs', add, /Completed updating/)
    const describe = ['--describe', ...entity]
    const synonyms = /retention\.ms=3600000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=3600000/
    await this.#check('configs: describe a topic', 'kafka-configs', describe, synonyms, /max\.message\.bytes=2000000/)
    const remove = ['--alter', ...entity, '--delete-config', 'max.message.bytes']
    await this.#check('configs: delete a topic config', 'kafka-configs', remove, /Completed updating/)
    await this.#report.check('configs: describe all of a topic', async () => {
      const output = await this.#tool('kafka-configs', [...describe, '--all'])
      expect(
        output,
        /max\.message\.bytes=1048588 sensitive=false synonyms=\{DEFAULT_CONFIG:message\.max\.bytes=1048588\}/,
      )
    })
    const brokers = ['--entity-type', 'brokers', '--entity-default']
    const cluster = ['--alter', ...brokers, '--add-config', 'log.retention.ms=7200000']
    await this.#check('configs: alter all brokers', 'kafka-configs', cluster, /Completed updating/)
    await this.#check(
      'configs: describe all brokers',
      'kafka-configs',
      ['--describe', ...brokers],
      /log\.retention\.ms=7200000/,
    )
    await this.#report.check('configs: refuses a wrong value', async () => {
      const wrong = ['--alter', ...entity, '--add-config', 'retention.ms=soon']
      expect(await this.#tool('kafka-configs', wrong, { exitCode: 1 }), /InvalidConfigurationException/)
    })
  }

  async #produceAndConsume(): Promise<void> {
    const keyed = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
    for (const codec of codecs)
      await this.#report.check(`console-producer: ${codec}`, async () => {
        const records = Array.from({ length: 100 }, (_, i) => `${codec}-${i}:value ${i}${' repeated'.repeat(20)}`)
        const args = ['--topic', this.#topic, '--compression-codec', codec, ...keyed]
        await this.#tool('kafka-console-producer', args, { input: `${records.join('\n')}\n` })
        this.#sent.push(...records)
      })
    const consume = async (count: number) => {
      const printed = ['--formatter-property', 'print.key=true', '--formatter-property', 'key.separator=:']
      const limits = ['--max-messages', String(count), '--timeout-ms', '20000']
      const group = ['--topic', this.#topic, '--group', this.#group, '--from-beginning']
      const output = await this.#tool('kafka-console-consumer', [...group, ...printed, ...limits])
      return output.split('\n').filter((line) => codecs.some((codec) => line.startsWith(`${codec}-`)))
    }
    let first: string[] = []
    await this.#report.check('console-consumer: reads in a group and commits', async () => {
      first = await consume(200)
      assert.equal(first.length, 200)
    })
    await this.#report.check('console-consumer: resumes where it had committed', async () => {
      sameLines([...first, ...(await consume(this.#sent.length - 200))], this.#sent)
    })
    await this.#report.check('console-consumer: reads one partition from an offset', async () => {
      const from = [
        '--topic',
        this.#topic,
        '--partition',
        '0',
        '--offset',
        '7',
        '--max-messages',
        '1',
        '--timeout-ms',
        '20000',
      ]
      const printed = ['--formatter-property', 'print.offset=true', '--formatter-property', 'print.partition=true']
      expect(await this.#tool('kafka-console-consumer', [...from, ...printed]), /^Partition:0\tOffset:7\t/m)
    })
  }

  async #offsets(): Promise<void> {
    const latest = async (...args: string[]) => {
      const output = await this.#tool('kafka-get-offsets', ['--topic', this.#topic, ...args])
      const rows = output.split('\n').filter((line) => line.startsWith(`${this.#topic}:`))
      return rows.map((line) => Number(line.split(':')[2]))
    }
    const total = (offsets: readonly number[]) => offsets.reduce((sum, offset) => sum + offset, 0)
    let middle = 0
    await this.#report.check('get-offsets: latest', async () => {
      const offsets = await latest()
      assert.equal(offsets.length, 4)
      assert.equal(total(offsets), this.#sent.length)
      await sleep(50)
      middle = Date.now()
      await sleep(50)
    })
    await this.#check(
      'get-offsets: earliest',
      'kafka-get-offsets',
      ['--topic', this.#topic, '--time', '-2'],
      /:0:0$/m,
      /:3:0$/m,
    )
    await this.#report.check('verifiable-producer', async () => {
      const args = ['--topic', this.#topic, '--max-messages', '80', '--repeating-keys', '80']
      const output = await this.#tool('kafka-verifiable-producer', args)
      expect(output, /"sent":80,"acked":80/)
    })
    await this.#report.check('get-offsets: by time', async () => {
      assert.equal(total(await latest('--time', String(middle))), this.#sent.length)
    })
    await this.#report.check('get-offsets: of the largest timestamp', async () => {
      assert.equal((await latest('--time', 'max-timestamp')).length, 4)
    })
    await this.#report.check('consumer-groups: resets by time', async () => {
      const at = ['--to-datetime', new Date(middle).toISOString().replace('Z', '')]
      const args = ['--reset-offsets', '--group', this.#group, '--topic', this.#topic, ...at, '--execute']
      const output = await this.#tool('kafka-consumer-groups', args)
      const rows = output.split('\n').filter((line) => line.includes(this.#topic) && /\d+\s*$/.test(line))
      assert.equal(total(rows.map((row) => Number(row.trim().split(/\s+/).at(-1)))), this.#sent.length, output)
    })
  }

  async #groups(): Promise<void> {
    const group = ['--group', this.#group]
    const groups = (name: string, args: readonly string[], ...patterns: RegExp[]) =>
      this.#check(`consumer-groups: ${name}`, 'kafka-consumer-groups', args, ...patterns)
    await groups(
      'list',
      ['--list', '--state'],
      new RegExp(`^${this.#group}\\s+Classic\\s+Empty|${this.#group}\\s+Empty`, 'm'),
    )
    await groups(
      'describe',
      ['--describe', ...group],
      /CURRENT-OFFSET\s+LOG-END-OFFSET\s+LAG/,
      /\d+\s+\d+\s+\d+\s+-\s+-\s+-/,
    )
    await groups('describe state', ['--describe', '--state', ...group], /Empty\s+0/)
    await groups('describe members', ['--describe', '--members', ...group], /has no active members/)
    const reset = ['--reset-offsets', ...group, '--topic', this.#topic]
    await groups('reset, tried only', [...reset, '--shift-by', '-5', '--dry-run'], /NEW-OFFSET/)
    await groups('reset to the earliest', [...reset, '--to-earliest', '--execute'], /NEW-OFFSET/, / 0\s*$/m)
    await groups('delete offsets', ['--delete-offsets', ...group, '--topic', `${this.#topic}:0`], /Successful/)
    await groups('delete', ['--delete', ...group], /successful/)
    await this.#report.check('consumer-groups: describe one that is gone', async () => {
      const args = ['--bootstrap-server', this.#target.bootstrap, '--describe', ...group]
      const child = this.#tools.start('kafka-consumer-groups', args)
      await child.exited()
      expect(child.lines.join('\n'), /does not exist|not found/)
    })
  }

  /** Of the newer protocol (KIP-848). */
  async #consumerGroup(): Promise<void> {
    const name = `${this.#group}-848`
    const group = ['--group', name]
    await this.#report.check('console-consumer: reads in a consumer group', async () => {
      const limits = ['--max-messages', String(this.#sent.length), '--timeout-ms', '20000', '--from-beginning']
      const protocol = ['--consumer-property', 'group.protocol=consumer']
      const output = await this.#tool('kafka-console-consumer', [
        '--include',
        this.#topic,
        ...group,
        ...limits,
        ...protocol,
      ])
      // Other tools have written to the topic, too.
      assert.equal(output.split('\n').filter((line) => /^(value )?\d/.test(line)).length, this.#sent.length)
    })
    const groups = (what: string, args: readonly string[], ...patterns: RegExp[]) =>
      this.#check(`consumer groups of KIP-848: ${what}`, 'kafka-consumer-groups', args, ...patterns)
    await groups('list', ['--list', '--type', 'consumer', '--state'], new RegExp(`^${name}\\s+Consumer\\s+Empty`, 'm'))
    await groups('describe', ['--describe', '--verbose', ...group], /LEADER-EPOCH\s+CURRENT-OFFSET/)
    await groups('describe state', ['--describe', '--state', '--verbose', ...group], /uniform\s+Empty\s+\d+/)
    await groups('reset', ['--reset-offsets', ...group, '--all-topics', '--to-earliest', '--execute'], / 0\s*$/m)
    await groups('delete', ['--delete', ...group], /successful/)
  }

  async #groupOfThree(): Promise<void> {
    const topic = `${this.#topic}-of-three`
    const shape = ['--partitions', String(groupPartitions), '--replication-factor', '1']
    await this.#check(
      'topics: create for a group',
      'kafka-topics',
      ['--create', '--topic', topic, ...shape],
      /Created topic/,
    )
    await checkGroup(this.#report, 'verifiable-consumer', {
      partitions: groupPartitions,
      start: () => this.#startMember(topic),
      produce: async (count) => {
        const args = ['--topic', topic, '--max-messages', String(count), '--repeating-keys', '50']
        expect(await this.#tool('kafka-verifiable-producer', args), new RegExp(`"acked":${count}`))
      },
    })
    await this.#check('groups: list', 'kafka-groups', ['--list'], new RegExp(`${topic}\\s+Classic\\s+consumer`))
  }

  #startMember(topic: string): Member {
    const group = [
      '--topic',
      topic,
      '--group-id',
      topic,
      '--session-timeout',
      '6000',
      '--reset-policy',
      'earliest',
      '--verbose',
    ]
    const child = this.#tools.start('kafka-verifiable-consumer', [
      '--bootstrap-server',
      this.#target.bootstrap,
      ...group,
    ])
    const assigned = new Set<number>()
    const read: string[] = []
    child.onLine = (line) => {
      if (!line.startsWith('{')) return
      const event: VerifiableEvent = JSON.parse(line)
      if (event.name === 'record_data') read.push(`${event.partition}:${event.offset}`)
      for (const { partition } of event.partitions ?? [])
        if (event.name === 'partitions_assigned') assigned.add(partition)
        else if (event.name === 'partitions_revoked') assigned.delete(partition)
    }
    return { child, assigned: () => [...assigned], read: () => read }
  }

  async #perf(): Promise<void> {
    const topic = ['--topic', this.#topic]
    const produce = [...topic, '--num-records', '20000', '--record-size', '100', '--throughput', '-1']
    await this.#check('producer-perf-test', 'kafka-producer-perf-test', produce, /20000 records sent/)
    const consume = [...topic, '--num-records', '20000', '--timeout', '20000']
    await this.#check('consumer-perf-test', 'kafka-consumer-perf-test', consume, /, 20\d{3}, /)
    await this.#report.check('e2e-latency', async () => {
      const args = [this.#target.bootstrap, this.#topic, '200', '1', '100']
      expect(await this.#tools.run('kafka-e2e-latency', args), /99th/)
    })
    await this.#report.check('transactions: describe producers', async () => {
      const where = ['describe-producers', '--topic', this.#topic, '--partition', '0']
      const output = await this.#tool('kafka-transactions', where)
      expect(output, /ProducerId\s+ProducerEpoch\s+LatestCoordinatorEpoch\s+LastSequence/, /^\d+\s+0\s+-1\s+\d+/m)
    })
    const dirs = new RegExp(`"partition":"${this.#topic}-0","size":[1-9]\\d*,"offsetLag":0,"isFuture":false`)
    await this.#check('log-dirs', 'kafka-log-dirs', ['--describe', '--topic-list', this.#topic], dirs)
  }

  async #deletions(): Promise<void> {
    await this.#report.check('delete-records', async () => {
      const file = join(this.#dir, 'delete-records.json')
      writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic: this.#topic, partition: 0, offset: 5 }] }))
      expect(await this.#tool('kafka-delete-records', ['--offset-json-file', file]), /low_watermark: ?5/)
    })
    await this.#check(
      'delete-records: seen by get-offsets',
      'kafka-get-offsets',
      ['--topic', this.#topic, '--time', '-2'],
      /:0:5$/m,
    )
    await this.#report.check('topics: delete', async () => {
      const gone = `${this.#topic}-of-three`
      await this.#tool('kafka-topics', ['--delete', '--topic', gone])
      assert.ok(!(await this.#tool('kafka-topics', ['--list'])).split('\n').includes(gone))
    })
  }

  /** Every record decoded, every index entry looked up: the tool says so when one is wrong. */
  async #dumpLog(): Promise<void> {
    const dataDir = this.#target.dataDir
    if (dataDir === undefined || !(await this.#target.stop())) return
    const names = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    const files = names.filter((name) => !name.includes('-delete')).map((name) => join(dataDir, name))
    const dump = async (args: readonly string[], some: readonly string[]) => {
      assert.ok(some.length > 0, 'no such file')
      const output = await this.#tools.run('kafka-dump-log', [...args, '--files', some.join(',')])
      refuse(output, /isvalid: false|[Mm]ismatch|Exception|ould not|nvalid|not sane|corrupt/)
      return output
    }
    const logs = files.filter((file) => file.endsWith('.log') && statSync(file).size > 0)
    const internal = (file: string) => file.includes('__')
    await this.#report.check('dump-log: every log', async () => {
      const output = await dump(
        ['--deep-iteration'],
        logs.filter((file) => !internal(file)),
      )
      expect(output, /baseOffset: 0 lastOffset: \d+ count: \d+ .* isvalid: true/)
      for (const codec of codecs) expect(output, new RegExp(`compresscodec: ${codec}`))
    })
    await this.#report.check('dump-log: every index', async () => {
      await dump(
        [],
        files.filter((file) => /\.(index|timeindex)$/.test(file)),
      )
    })
    await this.#report.check('dump-log: producer snapshots', async () => {
      const output = await dump(
        [],
        files.filter((file) => file.endsWith('.snapshot') && !internal(file)),
      )
      expect(output, /producerId: \d+ producerEpoch: 0/)
    })
    await this.#report.check('dump-log: committed offsets', async () => {
      const output = await dump(
        ['--offsets-decoder'],
        logs.filter((file) => file.includes('__consumer_offsets')),
      )
      expect(output, /"group":"java-/)
    })
    await this.#report.check('dump-log: cluster metadata', async () => {
      const output = await dump(
        ['--cluster-metadata-decoder'],
        logs.filter((file) => file.includes('__cluster_metadata')),
      )
      expect(output, /"type":"TOPIC_RECORD","version":0,"data":\{"name":"java-/, /"type":"CONFIG_RECORD"/)
    })
  }
}

interface VerifiableEvent {
  readonly name: string
  readonly partition?: number
  readonly offset?: number
  readonly partitions?: readonly { readonly partition: number }[]
}
