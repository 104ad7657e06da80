// Loggers of a broker: their levels by requests and by property.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import { LOGGERS } from '../../broker/config/loggers.ts'
import { ALTER } from '../../broker/controller/configs.ts'
import { RESOURCE } from '../../broker/metadata/image.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { batchOf, type Client, World } from './harness.ts'

const { requests, groupCoordinator } = LOGGERS

function alter(client: Client, levels: Record<string, string | null>, validateOnly = false) {
  const configs = Object.entries(levels).map(([name, value]) => ({
    name,
    configOperation: value === null ? ALTER.delete : ALTER.set,
    value,
  }))
  const resources = [{ resourceType: RESOURCE.brokerLogger, resourceName: '1', configs }]
  return client.request('IncrementalAlterConfigs', 1, { resources, validateOnly })
}

async function levels(client: Client, ...names: string[]) {
  const resources = [{ resourceType: RESOURCE.brokerLogger, resourceName: '1', configurationKeys: names }]
  const { results } = await client.request('DescribeConfigs', 4, {
    resources,
    includeSynonyms: false,
    includeDocumentation: false,
  })
  return Object.fromEntries(results[0]!.configs.map(({ name, value }) => [name, value]))
}

t.test('levels are what was set last, and not what was refused or validated only', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const root = () => levels(client, 'root', groupCoordinator)
  t.match(await alter(client, { root: 'DEBUG' }), { responses: [{ errorCode: ErrorCode.NONE }] })
  t.same(await root(), { root: 'DEBUG', [groupCoordinator]: 'DEBUG' })
  t.match(await alter(client, { root: 'ERROR' }, true), { responses: [{ errorCode: ErrorCode.NONE }] })
  const refused: Record<string, string>[] = [{ root: 'LOUD' }, { [groupCoordinator]: 'INFO', 'no.such.logger': 'INFO' }]
  for (const wrong of refused) {
    t.match(await alter(client, wrong), { responses: [{ errorCode: ErrorCode.INVALID_CONFIG }] })
  }
  t.match(await alter(client, { root: null }), { responses: [{ errorCode: ErrorCode.INVALID_REQUEST }] })
  t.same(await root(), { root: 'DEBUG', [groupCoordinator]: 'DEBUG' })
  await alter(client, { [groupCoordinator]: 'FATAL', root: 'WARN' })
  t.same(await root(), { root: 'WARN', [groupCoordinator]: 'FATAL' })
  await alter(client, { [groupCoordinator]: null })
  t.same(await root(), { root: 'WARN', [groupCoordinator]: 'WARN' })
  t.same(Object.keys(await levels(client)).sort(), ['root', ...Object.values(LOGGERS)].sort(), 'all are listed')
  await world.stop()
})

t.test('a broker named twice, or asked for what no operation is, changes no level', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const debug = (configOperation: number) => {
    const configs = [{ name: 'root', configOperation, value: 'DEBUG' }]
    return { resourceType: RESOURCE.brokerLogger, resourceName: '1', configs }
  }
  const send = (...resources: ReturnType<typeof debug>[]) =>
    client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  const refused = { errorCode: ErrorCode.INVALID_REQUEST }
  t.match(await send(debug(ALTER.set), debug(ALTER.set)), { responses: [refused, refused] })
  t.match(await send(debug(7)), { responses: [refused] })
  t.same(await levels(client, 'root'), { root: 'INFO' })
  await world.stop()
})

t.test('every line of a broker has the name of a logger that can be set', async (t) => {
  const world = await World.start(t, { 'milena.log.levels': 'root:DEBUG' })
  const client = await world.connect()
  await client.request('FindCoordinator', 6, { keyType: 0, coordinatorKeys: ['group'] })
  await client.createTopic('orders')
  await client.produce('orders', batchOf(['one', 'two']))
  world.node.crash()
  await world.restart()
  await world.stop()
  const names = new Set(world.node.logger.events.map(({ fields }) => fields['logger']))
  t.ok(names.has(groupCoordinator), 'has loaded its partitions')
  for (const name of names) t.ok(Object.values<unknown>(LOGGERS).includes(name), String(name))
  t.notOk(names.has(requests), 'a line a request is asked for by its own name')
})

t.test('levels that mean nothing keep a broker from starting', async (t) => {
  const start = (levels: string) => Broker.start({ properties: { 'milena.log.levels': levels } })
  await t.rejects(start('kafka.log:INFO'), /milena.log.levels: There is no logger kafka.log; there are root, kafka, /)
  await t.rejects(
    start('root:info'),
    /Must be LOGGER:LEVEL, a level being one of DEBUG, ERROR, FATAL, INFO, TRACE, WARN/,
  )
})
