// The level of the log, changed while the broker runs.

import t from 'tap'
import { ALTER } from '../../broker/controller/configs.ts'
import { RESOURCE } from '../../broker/metadata/image.ts'
import { realHost } from '../../host/real/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { type Client, World } from './harness.ts'

function setRoot(client: Client, value: string, validateOnly = false) {
  const configs = [{ name: 'root', configOperation: ALTER.set, value }]
  const resources = [{ resourceType: RESOURCE.brokerLogger, resourceName: '1', configs }]
  return client.request('IncrementalAlterConfigs', 1, { resources, validateOnly })
}

t.test('the level of the root logger is what was set last, and not what was validated only', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const { logger } = world.node.host
  t.match(await setRoot(client, 'DEBUG'), { responses: [{ errorCode: ErrorCode.NONE }] })
  t.equal(logger.level, 'debug')
  t.match(await setRoot(client, 'ERROR', true), { responses: [{ errorCode: ErrorCode.NONE }] })
  t.equal(logger.level, 'debug')
  t.match(await setRoot(client, 'LOUD'), { responses: [{ errorCode: ErrorCode.INVALID_CONFIG }] })
  t.equal(logger.level, 'debug')
  await world.stop()
})

t.test('a change of level takes effect on the next line', async (t) => {
  const lines: string[] = []
  const { logger } = realHost({ logLevel: 'info', writeLog: (line) => lines.push(line) })
  logger.debug('one')
  logger.level = 'debug'
  logger.debug('two')
  logger.level = 'error'
  logger.warn('three')
  logger.error('four')
  t.same(
    lines.map((line) => line.split(' ').at(-1)),
    ['two\n', 'four\n'],
  )
})
