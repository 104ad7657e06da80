import t from 'tap'
import { shippedProperties } from '../../../broker/config/broker-configs.ts'
import { nearestName } from '../../../broker/config/nearest-name.ts'
import { checkProperties, parseProperties } from '../../../broker/config/properties.ts'

t.test('a properties file reads as java.util.Properties reads it', (t) => {
  const text = [
    '# a comment',
    '! another = comment',
    'plain=value',
    'colon : value with blanks ',
    'blank value',
    'escaped\\ key = a\\tb\\u0041',
    'long = first, \\',
    '       second',
    'empty',
    'path = C:\\\\data',
    'twice = 1',
    'twice = 2',
  ].join('\n')
  t.same(parseProperties(text), {
    plain: 'value',
    colon: 'value with blanks ',
    blank: 'value',
    'escaped key': 'a\tbA',
    long: 'first, second',
    empty: '',
    path: 'C:\\data',
    twice: '2',
  })
  t.end()
})

t.test('a misspelt key is an error with the nearest name, one without effect a warning', (t) => {
  t.same(checkProperties({ 'log.retention.ms': '5', 'node.id': '2' }), { errors: [], warnings: [] })
  t.same(checkProperties({ 'log.retension.ms': '5' }).errors, [
    'Unknown configuration log.retension.ms: did you mean log.retention.ms?',
  ])
  t.same(checkProperties({ 'num.partitions': 'many' }).errors, [
    'Invalid value many for configuration num.partitions: Not a number of type INT',
  ])
  t.same(checkProperties({ 'num.io.threads': '16', 'listener.name.x.ssl.key.password': 'y' }).warnings, [
    'Not supported yet, without effect: num.io.threads, listener.name.x.ssl.key.password',
  ])
  t.same(checkProperties({ 'com.example.plugin.setting': '1' }).warnings, [
    'Unknown configuration com.example.plugin.setting is ignored',
  ])
  t.match(checkProperties({ 'authorizer.class.name': 'x.Authorizer' }).warnings[0], /may do everything/)
  t.equal(checkProperties({ 'milena.nothing.of.the.kind': '1' }).errors.length, 1)
  t.same(checkProperties({ 'log.dirs': '/a,/b', 'cordoned.log.dirs': '/b' }).errors, [])
  t.same(checkProperties({ 'log.dirs': '/a,/b', 'cordoned.log.dirs': '/b,/c' }).errors, [
    'All entries in cordoned.log.dirs must be present in log.dirs',
  ])
  t.equal(checkProperties(shippedProperties as Record<string, string>).errors.length, 0)
  t.equal(nearestName('adn', ['and', 'or', 'android']), 'and')
  t.end()
})

t.test('what names other nodes keeps the broker from starting: alone it would fork their cluster', async (t) => {
  const errors = (properties: Record<string, string>) => checkProperties(properties).errors
  t.match(errors({ 'process.roles': 'broker' }), [
    /value broker for configuration process\.roles: only broker,controller/,
  ])
  t.match(errors({ 'process.roles': 'controller' }), [/value controller /])
  t.match(errors({ 'node.id': '2', 'controller.quorum.voters': '1@a:9093,2@b:9093' }), [/names 1@a:9093 beside node 2/])
  t.match(errors({ 'controller.quorum.bootstrap.servers': 'a:9093,b:9093' }), [/names 2 controllers/])
  const alone = { 'process.roles': 'controller, broker', 'controller.quorum.bootstrap.servers': 'localhost:9093' }
  t.strictSame(errors({ ...alone, 'controller.quorum.voters': '1@localhost:9093' }), [])
})
