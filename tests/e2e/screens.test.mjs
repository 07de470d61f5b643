/*
 * Every screen opens, for those who see it and those who hear it; and the page is small.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Lab, go, screens, settled } from './lab.mjs';

const web = fileURLToPath(new URL('../../admin/web/', import.meta.url));
const axe = fs.readFileSync(fileURLToPath(new URL('node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8');
let lab;

test.before(async () => {
	lab = new Lab();
	lab.run('phone', 'add', 'SEP001122334455', '--model', '7975', '--description', '=1+1 <b>desk</b>');
	lab.run('phone', 'add', 'SEP0011223388A1', '--model', '8861');
	await lab.serve();
	lab.boot('SEP001122334455', 0, '--model', '7975');
	lab.run('capf', 'schedule', 'SEP0011223388A1', '--operation', 'install');
	lab.boot('SEP0011223388A1', 0, '--model', '8861');
});
test.after(() => lab.close());

test('all of it is less than 150 KiB, and plain files', () => {
	const files = fs.readdirSync(web);
	const size = files.reduce((n, f) => n + fs.statSync(web + f).size, 0);

	assert.ok(size < 150 * 1024, `${size} bytes`);
	assert.deepEqual(files.filter((f) => !/\.(html|css|js)$/.test(f)), []);
});

test('nothing in it makes markup of texts, or code', () => {
	for (const f of fs.readdirSync(web)) {
		const text = fs.readFileSync(web + f, 'utf8');

		assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:/, f);
		assert.doesNotMatch(text, / style="|<style|<script>|setAttribute\('style'| on[a-z]+="/, f);
	}
});

test('it knows the arguments and the right of each verb as the server does', async () => {
	const { verbs } = await import(`${web}verbs.js`);
	const page = await lab.page();
	const api = await page.evaluate(async () => (await fetch('/api/v1/openapi.json')).json());

	for (const [verb, own] of Object.entries(verbs)) {
		const of = api.paths[`/api/v1/${verb.replaceAll(' ', '/')}`];

		assert.ok(of, `no route for ${verb}`);
		const route = own.get ? of.get : of.post;

		assert.ok(route, `${verb} is not ${own.get ? 'GET' : 'POST'}`);
		assert.equal(route['x-role'], own.right, verb);
		const known = own.get ? route.parameters.map((p) => p.name) : Object.keys(route.requestBody?.content['application/json'].schema.properties || {});

		for (const name of own.args)
			assert.ok(known.includes(name), `${verb} has no ${name}`);
	}
	await page.context().close();
});

for (const scheme of ['light', 'dark'])
	test(`every screen opens without complaints, and axe finds nothing (${scheme})`, async () => {
		/* axe is put in beside the page; the policy itself is watched by the other tests. */
		const page = await lab.page('anna', { colorScheme: scheme, bypassCSP: true });
		const found = [];

		for (const [route, heading] of screens) {
			await go(page, route, heading);
			/* A stream of events is never idle: what comes in parts is waited for by its words. */
			await page.waitForFunction(() => !/checking …|Looking …/.test(document.querySelector('main').textContent));
			assert.equal(await page.locator('main .problem').count(), 0, `${route}: ${await page.locator('main .problem').allTextContents()}`);
			await page.evaluate(axe);
			const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));

			found.push(...violations.map((v) => `${route}: ${v.id}, ${v.nodes[0].html} ${v.nodes[0].failureSummary}`));
		}
		assert.deepEqual(found, []);
		assert.deepEqual(lab.errors, []);
		await page.context().close();
	});

test('under its policy every screen opens, and each is there again after a reload', async () => {
	const page = await lab.page();

	for (const [route, heading] of screens) {
		await page.goto(`${lab.url}#/${route}`);
		await page.reload();
		await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
		await settled(page);
		assert.equal(await page.locator('main .problem').count(), 0, route);
	}
	assert.deepEqual(lab.errors, []);
	const head = await page.request.get(lab.url);

	assert.match(head.headers()['content-security-policy'], /default-src 'none'; script-src 'self'; style-src 'self'/);
	await page.context().close();
});

test('each screen can be left, and its dialogs, by keyboard alone', async () => {
	const page = await lab.page();

	await page.keyboard.press('Tab');
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the content');
	await page.keyboard.press('Enter');
	assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
	await page.getByRole('button', { name: 'Show as command' }).first().focus();
	await page.keyboard.press('Enter');
	const dialog = page.getByRole('dialog', { name: 'Show as command' });

	await dialog.waitFor();
	assert.match(await dialog.textContent(), /trustlist cluster show/);
	assert.match(await dialog.textContent(), /curl --cacert tomcat\.pem -H "Authorization: Bearer \$TOKEN" https:/);
	await page.keyboard.press('Escape');
	await dialog.waitFor({ state: 'detached' });
	assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Show as command');
	await page.context().close();
});

test('who may only read finds changes dead, and is told why', async () => {
	const page = await lab.page('rita');
	const dead = [['certificates/CallManager/CallManager.pem', 'Regenerate'], ['lists/itl', 'utils itl reset localkey'], ['lists/ctl', 'Set Cluster to Mixed Mode'], ['parameters', 'Save'], ['phones', 'Add New'], ['phone/SEP001122334455', 'Reset'],
		['capf', 'Schedule by filter'], ['services', 'Start'], ['rehearsal/S02', 'Run'], ['bulk', 'Export'], ['tools', 'Boot'], ['backup', 'Verify']];

	for (const [route, name] of dead) {
		await go(page, route);
		const button = page.getByRole('main').getByRole('button', { name, exact: true }).first();

		assert.equal(await button.getAttribute('aria-disabled'), 'true', `${route}: ${name}`);
		assert.match(await button.getAttribute('title'), /rita has the role read/, name);
		await button.click({ force: true });
		assert.equal(await page.getByRole('dialog').count(), 0, name);
	}
	await page.goto(`${lab.url}#/users`);
	await page.getByRole('alert').getByText('This needs the right to administer; rita has the role read.').waitFor();
	assert.deepEqual(lab.errors, []);
	await page.context().close();
});

test('texts of others stay texts: on the screen, in TSV, in CSV', async () => {
	const page = await lab.page('anna', { permissions: ['clipboard-read', 'clipboard-write'] });

	await go(page, 'phones', 'Phones');
	await page.getByRole('cell', { name: '=1+1 <b>desk</b>' }).waitFor();
	await page.getByRole('button', { name: 'Copy table' }).click();
	await page.getByText('2 rows copied').waitFor();
	const tsv = await page.evaluate(() => navigator.clipboard.readText());

	assert.match(tsv, /^Device Name\tDescription\tModel\t/);
	assert.match(tsv, /\nSEP001122334455\t=1\+1 <b>desk<\/b>\t7975\t/);
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);

	assert.match(fs.readFileSync(await file.path(), 'utf8'), /\nSEP001122334455,'=1\+1 <b>desk<\/b>,7975,/);
	await page.context().close();
});

test('filters and sorting are in the address', async () => {
	const page = await lab.page();

	await go(page, 'phones?find=88A1&sort=-name', 'Phones');
	assert.deepEqual(await page.locator('tbody tr td:nth-child(2)').allTextContents(), ['SEP0011223388A1']);
	assert.equal(await page.getByRole('columnheader', { name: 'Device Name' }).getAttribute('aria-sort'), 'descending');
	await page.getByRole('button', { name: 'Clear Filter' }).click();
	assert.deepEqual(await page.locator('tbody tr td:nth-child(2)').allTextContents(), ['SEP0011223388A1', 'SEP001122334455']);
	await page.getByRole('button', { name: 'Model' }).click();
	assert.match(page.url(), /#\/phones\?sort=model$/);
	await page.context().close();
});

test('without scripts one can log in and read', async () => {
	const page = await lab.page('anna');
	const context = await lab.browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
	const plain = await context.newPage();

	await page.context().close();
	await plain.goto(lab.url);
	await plain.getByLabel('User').fill('rita');
	await plain.getByLabel('Password').fill('correct horse battery');
	await plain.getByRole('button', { name: 'Log in' }).click();
	await plain.waitForURL(/\/api\/v1\//);
	await plain.goto(lab.url);
	await plain.getByRole('link', { name: 'Phones' }).click();
	assert.match(await plain.textContent('body'), /Device Name +Model/);
	await context.close();
});
