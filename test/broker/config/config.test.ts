import { globSync, readFileSync } from 'node:fs'
import t from 'tap'
import { BrokerConfig } from '../../../broker/config/broker-config.ts'
import { brokerConfigs } from '../../../broker/config/broker-configs.ts'
import { clientMetricsConfigs } from '../../../broker/config/client-metrics-configs.ts'
import { type ConfigRow, type ConfigTable, canonicalText, configFault, int } from '../../../broker/config/config-row.ts'
import { CONFIG_SOURCE, describeBroker, describeTopicValues } from '../../../broker/config/describe.ts'
import { groupConfigs } from '../../../broker/config/group-configs.ts'
import { checkProperties } from '../../../broker/config/properties.ts'
import { topicConfigs } from '../../../broker/config/topic-configs.ts'
import { type ConfigsImage, MetadataImage, RESOURCE } from '../../../broker/metadata/image.ts'
import { newRecord } from '../../../broker/metadata/records.ts'
import { MetadataReplay } from '../../../broker/metadata/replay.ts'
import { UNLIMITED } from '../../../storage/log/log-config.ts'

interface Fact {
  readonly name: string
  readonly type: string
  readonly default?: string | null
  readonly internal?: boolean
}
interface Facts {
  readonly topicConfigs: readonly Fact[]
  readonly groupConfigs: readonly Fact[]
  readonly brokerConfigs: readonly Fact[]
  readonly clientMetricsConfigs: readonly Fact[]
}
const facts: Facts = JSON.parse(readFileSync(new URL('../../oracle/facts.json', import.meta.url), 'utf8'))

/** What was set while running, as the metadata log would have it. */
function configsOf(...entries: [type: number, resource: string, name: string, value: string][]): ConfigsImage {
  const replay = new MetadataReplay(MetadataImage.empty)
  const records = entries.map(([resourceType, resourceName, name, value]) =>
    newRecord('ConfigRecord', 33, { resourceType, resourceName, name, value }),
  )
  replay.addRecords(records, records.length - 1, 1, 0)
  return replay.publish().image.configs
}

t.test('every key of Kafka 4.4 is there, with its type, default and visibility, and no other but our own', (t) => {
  const pairs: [string, readonly Fact[], ConfigTable][] = [
    ['server', facts.brokerConfigs, brokerConfigs],
    ['topic', facts.topicConfigs, topicConfigs],
    ['group', facts.groupConfigs, groupConfigs],
    ['client metrics', facts.clientMetricsConfigs, clientMetricsConfigs],
  ]
  const shown = (row: ConfigRow | undefined) => `${row?.type} ${row?.default} ${row?.internal ?? false}`
  for (const [kind, expected, table] of pairs) {
    const wrong = expected.filter(({ name, type, default: value, internal }) => {
      return shown(table[name]) !== `${type} ${value ?? null} ${internal ?? false}`
    })
    t.same(
      wrong.map(({ name, type, default: value }) => [name, type, value, shown(table[name])]),
      [],
      kind,
    )
    const known = new Set(expected.map(({ name }) => name))
    const others = Object.keys(table).filter((name) => !known.has(name) && !name.startsWith('milena.'))
    t.same(others, [], kind)
  }
  t.end()
})

t.test('every default is a valid value, and every inherited key exists', (t) => {
  for (const table of [brokerConfigs, topicConfigs, groupConfigs, clientMetricsConfigs] as ConfigTable[]) {
    const faults = Object.entries(table).flatMap(([name, row]) =>
      row.default === null || row.default === '' ? [] : (configFault(name, row, row.default) ?? []),
    )
    t.same(faults, [])
    const servers = Object.values(table).flatMap(({ server }) => (server === undefined ? [] : [server]))
    t.same(
      servers.filter((server) => !Object.hasOwn(brokerConfigs, server)),
      [],
    )
  }
  t.end()
})

t.test('values are checked as Kafka does, in its words', (t) => {
  const fault = (name: string, row: ConfigRow, text: string) => configFault(name, row, text)
  const { 'retention.ms': retention, 'segment.bytes': segment, 'cleanup.policy': policy } = topicConfigs
  t.equal(
    fault('retention.ms', retention, 'abc'),
    'Invalid value abc for configuration retention.ms: Not a number of type LONG',
  )
  t.equal(
    fault('segment.bytes', segment, '5'),
    'Invalid value 5 for configuration segment.bytes: Value must be at least 1048576',
  )
  t.equal(
    fault('segment.bytes', segment, '2147483648'),
    'Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT',
  )
  t.equal(
    fault('cleanup.policy', policy, 'compact,foo'),
    'Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete',
  )
  t.equal(fault('cleanup.policy', policy, ''), null)
  t.equal(fault('retention.ms', retention, ' 1000 '), null)
  t.equal(fault('compression.gzip.level', topicConfigs['compression.gzip.level'], '-1'), null)
  t.match(fault('compression.gzip.level', topicConfigs['compression.gzip.level'], '0'), /at least 1/)
  t.equal(fault('x', groupConfigs['share.auto.offset.reset'], 'by_duration:P1DT2H'), null)
  t.match(fault('x', groupConfigs['share.auto.offset.reset'], 'by_duration:P'), /must be/)
  t.match(fault('x', int(1), '1.5'), /Not a number of type INT/)
  t.equal(canonicalText(retention, ' 9223372036854775807 '), '9223372036854775807')
  t.equal(canonicalText(topicConfigs.preallocate, 'TRUE'), 'true')
  t.equal(
    canonicalText(brokerConfigs['log.cleaner.io.max.bytes.per.second'], '1.7976931348623157E308'),
    '1.7976931348623157E308',
  )
  t.end()
})

t.test('whatever the broker asks for says what it does, so that nobody is told that it has no effect', async (t) => {
  const broker = new URL('../../../broker/', import.meta.url)
  const texts = globSync('**/*.ts', { cwd: broker }).map((path) => readFileSync(new URL(path, broker), 'utf8'))
  const asked = texts.flatMap((text) => Array.from(text.matchAll(/config\.get\('([^']+)'\)/g), ([, name]) => name!))
  const rows: ConfigTable = brokerConfigs
  t.ok(asked.length > 100)
  t.strictSame(
    asked.filter((name) => rows[name]?.doc === undefined),
    [],
  )
})

t.test('the nearest value counts: own dynamic, cluster dynamic, static, default; and hours stand in for ms', (t) => {
  const config = new BrokerConfig({ 'log.retention.hours': '2', 'num.partitions': '3', 'message.max.bytes': '100' })
  t.equal(config.get('num.partitions'), 3)
  t.equal(config.get('log.retention.ms'), 7_200_000)
  t.equal(config.get('log.flush.interval.messages'), UNLIMITED)
  t.equal(config.get('milena.flush.on.acks.all'), true)
  t.same(config.get('log.dirs'), ['./data'])
  const clusterWide = [RESOURCE.broker, '', 'message.max.bytes', '200'] as [number, string, string, string]
  config.apply(configsOf(clusterWide), null)
  t.equal(config.get('message.max.bytes'), 200)
  config.apply(
    configsOf(
      clusterWide,
      [RESOURCE.broker, '1', 'message.max.bytes', '300'],
      [RESOURCE.broker, '1', 'num.partitions', '9'],
    ),
    null,
  )
  t.equal(config.get('message.max.bytes'), 300)
  t.equal(config.get('num.partitions'), 3, 'a key that cannot change while running does not')
  config.apply(configsOf(), null)
  t.equal(config.get('message.max.bytes'), 100)
  t.end()
})

t.test('a log config is one object until something in it changes', (t) => {
  const config = new BrokerConfig({})
  const seen: (readonly string[] | null)[] = []
  config.onLogConfigChange((topics) => seen.push(topics))
  const common = config.logConfigFor('a')
  t.equal(config.logConfigFor('b'), common)
  t.match(common, {
    retentionMs: 604_800_000,
    flushMs: UNLIMITED,
    cleanupPolicy: ['delete'],
    compressionType: 'producer',
  })
  const topicRow = [RESOURCE.topic, 'a', 'retention.ms', '5'] as [number, string, string, string]
  config.apply(configsOf(topicRow, [RESOURCE.topic, 'a', 'cleanup.policy', 'compact,delete']), [
    { type: RESOURCE.topic, name: 'a' },
  ])
  const own = config.logConfigFor('a')
  t.match(own, { retentionMs: 5, cleanupPolicy: ['delete', 'compact'] })
  t.equal(config.logConfigFor('a'), own)
  t.equal(config.logConfigFor('b'), common)
  config.apply(configsOf(topicRow, [RESOURCE.broker, '', 'log.segment.bytes', '1048576']), [
    { type: RESOURCE.broker, name: '' },
  ])
  t.match(config.logConfigFor('a'), { retentionMs: 5, segmentBytes: 1_048_576 })
  t.match(config.logConfigFor('b'), { segmentBytes: 1_048_576 })
  t.same(seen, [['a'], null])
  t.end()
})

t.test('DescribeConfigs shows where a value comes from, and what it would be otherwise', (t) => {
  const config = new BrokerConfig({ 'log.retention.hours': '168', 'ssl.keystore.password': 'secret' })
  config.apply(
    configsOf(
      [RESOURCE.broker, '', 'log.retention.ms', '888888'],
      [RESOURCE.broker, '1', 'log.retention.ms', '777777'],
    ),
    null,
  )
  const own = new Map([['retention.ms', ' 12345 ']])
  const entry = describeTopicValues(config, own).find(({ name }) => name === 'retention.ms')
  t.match(entry, { value: '12345', configSource: CONFIG_SOURCE.topic, readOnly: false, isSensitive: false })
  t.same(entry?.synonyms, [
    { name: 'retention.ms', value: '12345', source: CONFIG_SOURCE.topic },
    { name: 'log.retention.ms', value: '777777', source: CONFIG_SOURCE.dynamicBroker },
    { name: 'log.retention.ms', value: '888888', source: CONFIG_SOURCE.dynamicDefaultBroker },
    { name: 'log.retention.hours', value: '168', source: CONFIG_SOURCE.staticBroker },
    { name: 'log.retention.hours', value: '168', source: CONFIG_SOURCE.default },
  ])
  const broker = new Map(describeBroker(config).map((one) => [one.name, one]))
  t.match(broker.get('ssl.keystore.password'), {
    value: null,
    isSensitive: true,
    configSource: CONFIG_SOURCE.staticBroker,
  })
  t.match(broker.get('log.dirs'), { readOnly: true, configSource: CONFIG_SOURCE.staticBroker })
  t.match(broker.get('log.roll.ms'), { value: null, synonyms: { length: 0 }, configSource: CONFIG_SOURCE.default })
  t.equal(broker.has('unstable.api.versions.enable'), false, 'internal keys are not shown')
  t.match(
    describeTopicValues(config, new Map()).find(({ name }) => name === 'flush.ms'),
    { value: '9223372036854775807' },
  )
  t.end()
})

t.test('what is set of a listener is shown as a setting of its own, and bounds it beside the broker', (t) => {
  const properties = { 'max.connections': '100', 'listener.name.plaintext.max.connections': '50' }
  t.same(checkProperties(properties), { errors: [], warnings: [] })
  t.equal(checkProperties({ 'listener.name.plaintext.max.connections': 'many' }).errors.length, 1)
  const config = new BrokerConfig(properties)
  t.equal(config.boundOf('max.connections'), 50)
  t.equal(config.boundOf('max.connection.creation.rate'), 2_147_483_647)
  config.apply(
    configsOf(
      [RESOURCE.broker, '1', 'listener.name.plaintext.max.connections', '200'],
      [RESOURCE.broker, '1', 'listener.name.other.max.connections', '2'],
      [RESOURCE.broker, '1', 'leader.replication.throttled.rate', '7'],
      [RESOURCE.broker, '1', 'plugin.x', 'secret'],
    ),
    null,
  )
  t.equal(config.boundOf('max.connections'), 100)
  const broker = new Map(describeBroker(config).map((one) => [one.name, one]))
  const name = 'listener.name.plaintext.max.connections'
  t.match(broker.get(name), {
    ...{ value: '200', isSensitive: false, configSource: CONFIG_SOURCE.dynamicBroker },
    synonyms: [
      { name, value: '200' },
      { name, value: '50' },
      { name: 'max.connections', value: '100' },
      { name: 'max.connections', value: '2147483647' },
    ],
  })
  t.match(broker.get('leader.replication.throttled.rate'), { value: '7', isSensitive: false })
  t.match(broker.get('plugin.x'), { value: null, isSensitive: true })
  t.end()
})
