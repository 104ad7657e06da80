// What npm would publish: compiled, packed, installed into an empty folder, and used there on a Node of its own age,
// without this repository and its development dependencies.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Report, run, type Target } from '../harness.ts'

const EMBEDDED = `
import { Broker } from 'milena'
import { Kafka, logLevel } from 'kafkajs'

const broker = await Broker.start()
const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING })
const producer = kafka.producer({ idempotent: true })
await producer.connect()
await producer.send({ topic: 'letters', messages: [{ value: 'Dear' }] })
await producer.disconnect()
const consumer = kafka.consumer({ groupId: 'readers' })
await consumer.connect()
await consumer.subscribe({ topics: ['letters'], fromBeginning: true })
const value = await new Promise((resolve) => {
  consumer.run({ eachMessage: async ({ message }) => resolve(message.value.toString()) })
})
await consumer.disconnect()
await broker.stop()
console.log('consumed ' + value)
`

export async function suite(_target: Target, report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'milena-package-'))
  const node = process.execPath
  const kafkajs = 'kafkajs@2'
  try {
    await report.check('is built, packed and installed', async () => {
      await run('npm', ['run', 'build'])
      await run('npm', ['pack', '--pack-destination', folder, '--loglevel=error'])
      writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
      await run('npm', ['install', ...quiet, join(folder, 'milena-0.1.0.tgz'), kafkajs], { cwd: folder })
    })
    await report.check('tells its version and its usage', async () => {
      const milena = join(folder, 'node_modules', 'milena', 'dist', 'cli', 'milena.js')
      assert.equal((await run(node, [milena, '--version'])).trim(), '0.1.0')
      expect(await run(node, [milena, '--help']), /milena serve/)
    })
    await report.check('starts a broker inside a program, which ends when the broker has stopped', async () => {
      writeFileSync(join(folder, 'embedded.js'), EMBEDDED)
      expect(await run(node, [join(folder, 'embedded.js')], { cwd: folder }), /^consumed Dear$/m)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
