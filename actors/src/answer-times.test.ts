import { expect, test } from 'vitest'
import { type AnswerTimes, noteAnswer, noteSilence, patienceMs } from './answer-times.ts'

const patience = { firstMs: 100, mostMs: 1_000 }
const waits = (times: AnswerTimes) => [1, 2, 3, 4, 5, 6].map(sends => patienceMs(times, 'a', sends, patience))
const after = (answers: readonly number[]) => {
  const times: AnswerTimes = new Map()
  for (const ms of answers) noteAnswer(times, 'a', ms, 1)
  return times
}

test('where answers come quickly, or nothing is known, it doubles from the first wait to the longest', () => {
  const doubling = [100, 200, 400, 800, 1_000, 1_000]
  expect(waits(new Map())).toEqual(doubling)
  expect(waits(after(Array(100).fill(5)))).toEqual(doubling)
})

test('where answers take long, nothing is repeated before one can have come', () => {
  const [first = 0] = waits(after(Array(100).fill(700)))
  expect(first).toBeGreaterThanOrEqual(700)
  expect(first).toBeLessThan(710)
})

test('answers that come unevenly are waited for longer', () => {
  const [even = 0] = waits(after(Array(100).fill(400)))
  const [uneven = 0] = waits(after(Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? 200 : 600))))
  expect(uneven).toBeGreaterThan(even + 400)
})

test('it ends: what is slow for everyone may be lost for one', () => {
  expect(waits(after(Array(100).fill(60_000)))).toEqual(Array(6).fill(3_000))
})

test('slow times are forgotten when answers come quickly again', () => {
  const slow = Array(20).fill(3_000)
  const quick = Array(60).fill(5)
  expect(waits(after([...slow, ...quick]))[0]).toBe(100)
})

test('each group has times of its own', () => {
  const times = after([900, 900, 900])
  expect(patienceMs(times, 'b', 1, patience)).toBe(100)
})

test('silence is an answer that is yet to come: whoever asks next waits longer', () => {
  const times = after(Array(100).fill(20))
  noteSilence(times, 'a', 5)
  expect(waits(times)[0]).toBe(100)
  for (const ms of [100, 200, 400, 800]) noteSilence(times, 'a', ms)
  expect(waits(times)[0]).toBeGreaterThan(800)
})

test('lost messages make nobody wait longer for what is lost next', () => {
  const times: AnswerTimes = new Map()
  const first: number[] = []
  // Of every five exchanges one is lost, and now and then the repetition too; answers take 5 ms.
  for (let exchange = 0; exchange < 500; exchange++) {
    const lost = exchange % 5 === 0 ? (exchange % 25 === 0 ? 2 : 1) : 0
    first.push(patienceMs(times, 'a', 1, patience))
    let ms = 0
    for (let sends = 1; sends <= lost; sends++) {
      ms += patienceMs(times, 'a', sends, patience)
      noteSilence(times, 'a', ms)
    }
    noteAnswer(times, 'a', ms + 5, lost + 1)
  }
  expect(first.filter(ms => ms > 1_000)).toEqual([])
  expect(first.filter(ms => ms === 100).length).toBeGreaterThan(350)
})

test('a long silence is over with the first answer to what was asked once', () => {
  const times = after(Array(100).fill(5))
  noteSilence(times, 'a', 60_000)
  noteAnswer(times, 'a', 60_100, 9)
  expect(waits(times)[0]).toBe(3_000)
  noteAnswer(times, 'a', 5, 1)
  expect(waits(times)[0]).toBe(100)
})
