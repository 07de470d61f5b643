/*
 * A thousand phones and ten thousand events: only what is in sight is in the page.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Lab, go } from './lab.mjs';

const PHONES = 1000, EVENTS = 10000;
/* ms. On a quiet machine all of them open within one second; the program is slower with sanitizers,
 * and what keeps the page quick is that there are few nodes. */
const HANGS = 20000;
let lab, page;

/* Straight into the store: the command line would take a process for each. */
const fill = `
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
now = int(time.time())
columns = {r[1]: (r[2], r[3], r[4]) for r in db.execute("PRAGMA table_info(event)")}
text = [c for c, (kind, _, _) in columns.items() if kind.upper() == "TEXT"]
for i in range(${EVENTS}):
    row = {"at": now - ${EVENTS} + i, **{c: "" for c in text}}
    row.update(service="TVS", device="SEP%012X" % (0x001122000000 + i % ${PHONES}), what="verify", verdict="valid" if i % 10 else "unknown", subject="CN=%d" % i)
    row = {k: v for k, v in row.items() if k in columns}
    db.execute("INSERT INTO event (%s) VALUES (%s)" % (", ".join('"%s"' % k for k in row), ", ".join("?" * len(row))), list(row.values()))
db.commit()
`;

test.before(async () => {
	lab = new Lab();
	lab.run('vphone', 'add', '--count', String(PHONES), '--models', '8861:60,7975:40', '--memory', path.join(lab.folder, 'fleet'));
	execFileSync('python3', ['-c', fill, path.join(lab.root, 'trustlist.db')]);
	await lab.serve();
	page = await lab.page();
});
test.after(() => lab.close());

const rows = () => page.locator('main table').first().locator('tbody tr:not(.gap)').count();

test('phones: windowed, scrolled, sorted, filtered', async () => {
	const began = Date.now();

	await go(page, 'phones', 'Phones');
	await page.getByText('1,000 rows').waitFor();
	assert.ok(Date.now() - began < HANGS, `${Date.now() - began} ms`);
	assert.ok(await rows() < 120, `${await rows()} rows are nodes`);
	const table = page.getByRole('table', { name: 'Phones' });

	assert.equal(await table.getAttribute('aria-rowcount'), String(PHONES + 1));
	await page.getByRole('button', { name: 'Device Name' }).click();
	const port = page.locator('.port').first();

	await port.evaluate((x) => { x.scrollTop = x.scrollHeight; });
	await page.locator(`tr[aria-rowindex="${PHONES + 1}"]`).waitFor();
	assert.ok(await rows() < 120);
	assert.equal(await page.locator('tr[aria-rowindex="2"]').count(), 0);
	await page.getByLabel('Words to find').fill((await page.locator(`tr[aria-rowindex="${PHONES + 1}"] a`).textContent()));
	await page.getByText('1 of 1,000 rows').waitFor();
	assert.equal(await rows(), 1);
});

test('events: ten thousand, windowed, filtered by verdict, exported whole', async () => {
	const began = Date.now();

	await go(page, 'events', 'Events');
	await page.getByText('10,000 rows').waitFor();
	assert.ok(Date.now() - began < HANGS, `${Date.now() - began} ms`);
	assert.ok(await rows() < 120, `${await rows()} rows are nodes`);
	/* One event more is one event more, not ten thousand drawn anew. */
	const longest = page.evaluate(() => new Promise((done) => {
		let most = 0, last = performance.now();
		const until = last + 4000, tick = (now) => {
			most = Math.max(most, now - last);
			last = now;
			now < until ? requestAnimationFrame(tick) : done(most);
		};

		requestAnimationFrame(tick);
	}));

	lab.run('phone', 'add', 'SEP00AABBCCDDEE', '--model', '8861');
	await page.getByRole('row', { name: /phone add.*SEP00AABBCCDDEE/ }).waitFor();
	assert.ok(await longest < 3000, `the page stood still for ${await longest} ms`);
	await page.getByLabel('Verdict').selectOption('unknown');
	await page.getByText(/^(999|1,000|1,001) of 10,000 rows$/).waitFor();
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
	const csv = (await import('node:fs')).readFileSync(await file.path(), 'utf8').trim().split('\n');

	assert.ok(csv.length > 990 && csv.length < 1010, `${csv.length} lines`);
});

test('the other screens do not mind', async () => {
	for (const [route, heading] of [['overview', 'Overview'], ['certificates', 'Certificate Management'], ['capf', 'CAPF'], ['services', 'Control Center']]) {
		const began = Date.now();

		await go(page, route, heading);
		assert.ok(Date.now() - began < HANGS, `${route}: ${Date.now() - began} ms`);
	}
	assert.deepEqual(lab.errors, []);
});
