// Configs of topics, brokers and groups: described, replaced, changed one by one.

import type { RequestInputOf, ResponseOf } from '../../../protocol/apis.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const CLIENT_METRICS = 16
const GROUP = 32
const NODE = '1'
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

type Described = RequestInputOf<'DescribeConfigs'>['resources'][number]

async function describeConfigs(s: Session): Promise<void> {
  await s.topic('described', 1, { 'retention.ms': '5000', 'cleanup.policy': 'compact' })
  for (const version of versionsOf('DescribeConfigs')) {
    const ask = (label: string, resources: Described[], includeSynonyms = false, includeDocumentation = false) =>
      s.ask(label, 'DescribeConfigs', version, { resources, includeSynonyms, includeDocumentation })
    const of = (resourceType: number, resourceName: string, configurationKeys: string[] | null = null): Described => ({
      resourceType,
      resourceName,
      configurationKeys,
    })
    await ask('all of a topic', [of(TOPIC, 'described')])
    await ask('all of a topic, with synonyms', [of(TOPIC, 'described')], true)
    await ask('all of a topic, with documentation', [of(TOPIC, 'described')], true, true)
    await ask('two of a topic, one unknown', [of(TOPIC, 'described', ['retention.ms', 'no.such.config'])])
    await ask('none of a topic', [of(TOPIC, 'described', [])])
    await ask('an unknown topic', [of(TOPIC, 'described-absent')])
    await ask('a wrong name', [of(TOPIC, 'not a name')])
    await ask('an empty name', [of(TOPIC, '')])
    await ask(
      'some of a broker',
      [of(BROKER, NODE, ['log.retention.ms', 'log.cleaner.threads', 'num.partitions', 'message.max.bytes'])],
      true,
    )
    await ask('all of a broker', [of(BROKER, NODE)], true)
    await ask('all brokers', [of(BROKER, '')], true)
    await ask('an unknown broker', [of(BROKER, '77')])
    await ask('a broker that is no number', [of(BROKER, 'one')])
    await ask('loggers of an unknown broker', [of(BROKER_LOGGER, '77')])
    await ask('a group', [of(GROUP, 'described')], true)
    await ask('client metrics', [of(CLIENT_METRICS, 'described')], true)
    await ask('an unknown kind', [of(99, 'x')])
    await ask('the same twice', [of(TOPIC, 'described', ['retention.ms']), of(TOPIC, 'described', ['retention.ms'])])
    await ask('nothing', [])
  }
}

type Answer = ResponseOf<'DescribeConfigs'>

function configValue(body: Answer, name: string): string | null | undefined {
  return body.results[0]?.configs.find((config) => config.name === name)?.value
}

function hasSynonym(body: Answer, name: string, value: string): boolean {
  const synonyms = (body.results[0]?.configs ?? []).flatMap((config) => config.synonyms)
  return synonyms.some((synonym) => synonym.name === name && synonym.value === value)
}

type Change = [config: string, operation: number, value: string | null]
type Alter = (label: string, changes: Change[], resourceName?: string, resourceType?: number) => Promise<unknown>

/** Kafka's controller takes all of this, and an operation that there is none of ends it: its broker lets none pass. */
async function harmful(alter: Alter): Promise<void> {
  await alter('set to null', [['retention.ms', SET, null]])
  await alter('a wrong operation', [['retention.ms', 9, '1']])
  await alter('the same config twice', [
    ['retention.ms', SET, '1'],
    ['retention.ms', SET, '2'],
  ])
  await alter('a wrong value of a broker', [['log.retention.ms', SET, 'soon']], NODE, BROKER)
}

async function incrementalAlterConfigs(s: Session): Promise<void> {
  for (const version of versionsOf('IncrementalAlterConfigs')) {
    const name = `altered-v${version}`
    await s.topic(name, 1, { 'cleanup.policy': 'delete', 'flush.ms': '1000' })
    const alter = (
      label: string,
      changes: Change[],
      resourceName = name,
      resourceType = TOPIC,
      validateOnly = false,
    ) => {
      const configs = changes.map(([config, configOperation, value]) => ({ name: config, configOperation, value }))
      return s.ask(label, 'IncrementalAlterConfigs', version, {
        resources: [{ resourceType, resourceName, configs }],
        validateOnly,
      })
    }
    await alter('set', [['retention.ms', SET, '60000']])
    await alter('delete', [['flush.ms', DELETE, null]])
    await alter('delete what is not set', [['flush.ms', DELETE, null]])
    await alter('append to a list', [['cleanup.policy', APPEND, 'compact']])
    await alter('append what is there', [['cleanup.policy', APPEND, 'compact']])
    await alter('subtract from a list', [['cleanup.policy', SUBTRACT, 'delete']])
    await alter('append to what is no list', [['retention.ms', APPEND, '1']])
    if (!s.asksController) await harmful(alter)
    await alter('an unknown config', [['no.such.config', SET, '1']])
    await alter('delete an unknown config', [['no.such.config', DELETE, null]])
    await alter('a wrong value', [['retention.ms', SET, 'soon']])
    await alter('a value out of range', [['retention.ms', SET, '-5']])
    await alter('one good and one bad', [
      ['max.message.bytes', SET, '5000'],
      ['retention.ms', SET, 'soon'],
    ])
    await alter('no changes', [])
    await alter('validated only', [['retention.bytes', SET, '12345']], name, TOPIC, true)
    await alter('an unknown topic', [['retention.ms', SET, '1']], 'altered-absent')
    await alter('a wrong name', [['retention.ms', SET, '1']], 'not a name')
    await alter('an unknown kind', [['retention.ms', SET, '1']], name, 99)
    await alter('a broker', [['log.retention.ms', SET, '7000000']], NODE, BROKER)
    await alter('all brokers', [['log.retention.bytes', SET, '9000000000']], '', BROKER)
    await alter('a read-only config of a broker', [['broker.id', SET, '5']], NODE, BROKER)
    await alter('a config of all brokers that is of one', [['listeners', SET, 'PLAINTEXT://:1']], '', BROKER)
    await alter('an unknown broker', [['log.retention.ms', SET, '1']], '77', BROKER)
    await alter('a broker that is no number', [['log.retention.ms', SET, '1']], 'one', BROKER)
    await alter('a group', [['consumer.session.timeout.ms', SET, '50000']], `group-v${version}`, GROUP)
    await alter('a wrong value of a group', [['consumer.session.timeout.ms', SET, '1']], `group-v${version}`, GROUP)
    await alter('a group of no name', [['consumer.session.timeout.ms', SET, '50000']], '', GROUP)
    const twice = { resourceType: TOPIC, resourceName: name, configs: [] }
    await s.ask('a resource twice', 'IncrementalAlterConfigs', version, {
      resources: [twice, twice],
      validateOnly: false,
    })
    const described = { resourceType: TOPIC, resourceName: name, configurationKeys: null }
    const request = { resources: [described], includeSynonyms: true }
    await s.settled(
      `${name} now`,
      'DescribeConfigs',
      4,
      request,
      (body) =>
        configValue(body, 'cleanup.policy') === 'compact' &&
        hasSynonym(body, 'log.retention.ms', '7000000') &&
        hasSynonym(body, 'log.retention.bytes', '9000000000'),
    )
    await alter('a broker, back again', [['log.retention.ms', DELETE, null]], NODE, BROKER)
    await alter('all brokers, back again', [['log.retention.bytes', DELETE, null]], '', BROKER)
  }
}

async function alterConfigs(s: Session): Promise<void> {
  for (const version of versionsOf('AlterConfigs')) {
    const name = `replaced-v${version}`
    await s.topic(name, 1, { 'retention.ms': '5000', 'flush.ms': '1000' })
    const alter = (
      label: string,
      configs: Record<string, string | null>,
      resourceName = name,
      resourceType = TOPIC,
      validateOnly = false,
    ) => {
      const rows = Object.entries(configs).map(([config, value]) => ({ name: config, value }))
      return s.ask(label, 'AlterConfigs', version, {
        resources: [{ resourceType, resourceName, configs: rows }],
        validateOnly,
      })
    }
    await alter('validated only', { 'retention.ms': '1' }, name, TOPIC, true)
    await alter('replaced', { 'retention.ms': '70000' })
    await alter('an unknown config', { 'no.such.config': '1' })
    await alter('a wrong value', { 'retention.ms': 'soon' })
    if (!s.asksController) await alter('a null', { 'retention.ms': null })
    await alter('an unknown topic', { 'retention.ms': '1' }, 'replaced-absent')
    await alter('a broker', { 'log.retention.ms': '8000000' }, NODE, BROKER)
    await alter('an unknown kind', { x: '1' }, name, 99)
    await alter('a broker, back again', {}, NODE, BROKER)
    const described = { resourceType: TOPIC, resourceName: name, configurationKeys: ['retention.ms', 'flush.ms'] }
    const request = { resources: [described], includeSynonyms: true }
    await s.settled(
      `${name} now`,
      'DescribeConfigs',
      4,
      request,
      (body) => configValue(body, 'retention.ms') === '70000' && !hasSynonym(body, 'log.retention.ms', '8000000'),
    )
  }
  await s.ask('of groups', 'ListConfigResources', 1, { resourceTypes: [GROUP] })
  await s.ask('of brokers', 'ListConfigResources', 1, { resourceTypes: [BROKER] })
  await s.ask('of an unknown kind', 'ListConfigResources', 1, { resourceTypes: [99] })
}

async function loggers(s: Session): Promise<void> {
  const levelsAsked = {
    resources: [
      { resourceType: BROKER_LOGGER, resourceName: NODE, configurationKeys: ['root', 'kafka.request.logger'] },
    ],
    includeSynonyms: true,
    includeDocumentation: false,
  }
  const twice = (version: number) =>
    s.ask('a logger twice', 'IncrementalAlterConfigs', version, {
      resources: [
        {
          resourceType: BROKER_LOGGER,
          resourceName: NODE,
          configs: ['INFO', 'WARN'].map((value) => ({ name: 'kafka.request.logger', configOperation: SET, value })),
        },
      ],
      validateOnly: false,
    })
  for (const version of versionsOf('IncrementalAlterConfigs')) {
    const alter = (label: string, name: string, configOperation: number, value: string | null, node = NODE) =>
      s.ask(label, 'IncrementalAlterConfigs', version, {
        resources: [{ resourceType: BROKER_LOGGER, resourceName: node, configs: [{ name, configOperation, value }] }],
        validateOnly: false,
      })
    const levels = async (label: string) => {
      for (const each of versionsOf('DescribeConfigs'))
        await s.ask(`${label} by v${version}`, 'DescribeConfigs', each, levelsAsked)
    }
    await alter('another level', 'root', SET, 'WARN')
    await alter('back again', 'root', SET, 'INFO')
    await alter('a level in small letters', 'root', SET, 'info')
    await alter('an unknown level', 'root', SET, 'LOUD')
    await alter('no level', 'root', SET, null)
    await alter('deleted', 'root', DELETE, null)
    await alter('appended to', 'root', APPEND, 'INFO')
    await alter('less a level', 'root', SUBTRACT, 'INFO')
    await alter('by an unknown operation', 'root', 9, 'WARN')
    await alter('one logger', 'kafka.request.logger', SET, 'TRACE')
    await levels('one logger set')
    await alter('back to what it inherits', 'kafka.request.logger', DELETE, null)
    await alter('back again, twice', 'kafka.request.logger', DELETE, null)
    await alter('the root in another level', 'root', SET, 'WARN')
    await levels('one logger inherits')
    await alter('the root as it was', 'root', SET, 'INFO')
    await alter('one that nothing is left of but the worst', 'kafka.request.logger', SET, 'FATAL')
    await alter('one logger off', 'kafka.request.logger', SET, 'OFF')
    await alter('one logger without a level', 'kafka.request.logger', SET, null)
    await alter('above loggers', 'kafka.network', SET, 'INFO')
    await alter('no logger', '', SET, 'INFO')
    await levels('one logger at last')
    await twice(version)
    const configs = [{ name: 'kafka.request.logger', configOperation: SET, value: 'INFO' }]
    const loggers = { resourceType: BROKER_LOGGER, resourceName: NODE, configs }
    await s.ask('a resource twice, of loggers', 'IncrementalAlterConfigs', version, {
      resources: [loggers, loggers],
      validateOnly: false,
    })
    await alter('an unknown logger', 'no.such.logger', SET, 'INFO')
    await alter('an unknown logger deleted', 'no.such.logger', DELETE, null)
    await alter('of another broker', 'root', SET, 'INFO', '77')
    await alter('of no broker', 'root', SET, 'INFO', '')
    await alter('of a broker that is no number', 'root', SET, 'INFO', 'one')
  }
  for (const version of versionsOf('DescribeConfigs')) {
    const described = { resourceType: BROKER_LOGGER, resourceName: NODE, configurationKeys: ['root', 'no.such.logger'] }
    await s.ask('the root', 'DescribeConfigs', version, {
      resources: [described],
      includeSynonyms: true,
      includeDocumentation: true,
    })
  }
}

export const configScenarios: Readonly<Record<string, Scenario>> = {
  describeConfigs,
  incrementalAlterConfigs,
  alterConfigs,
  loggers,
}
