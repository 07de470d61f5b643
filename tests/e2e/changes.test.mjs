/*
 * What an operator changes: nothing happens unseen, and phones feel it when they should.
 */
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Lab, go } from './lab.mjs';

const PHONE = 'SEP001122334455', ROLLBACK = 'Prepare Cluster for Rollback to pre 8.0';
let lab, page;

test.before(async () => {
	lab = new Lab();
	lab.run('phone', 'add', PHONE, '--model', '7975');
	await lab.serve();
	lab.boot(PHONE, 0, '--model', '7975');
	page = await lab.page();
});
test.after(() => lab.close());

const holds = () => lab.json('phone', 'show', PHONE).itl_status;

test('rollback: a red banner, services to restart, and then the phone takes the emptied list', async () => {
	await go(page, 'parameters?find=rollback', 'Enterprise Parameters');
	await page.getByRole('combobox', { name: ROLLBACK }).selectOption('True');
	await page.getByRole('button', { name: 'Save', exact: true }).click();
	const dialog = page.getByRole('dialog', { name: 'Save' });

	await dialog.getByText('Services to restart before it is felt').waitFor();
	assert.equal(lab.json('cluster', 'show').rollback, 'False'); /* so far it was only looked at */
	await dialog.getByRole('button', { name: 'Save' }).click();
	await page.getByRole('region', { name: 'Rollback' }).waitFor();
	const banner = page.getByRole('region', { name: 'Services to restart' });

	await banner.waitFor();
	assert.match(await banner.textContent(), /TVS, TFTP, CallManager/);
	const red = await page.getByRole('region', { name: 'Rollback' }).evaluate((x) => getComputedStyle(x).backgroundColor);

	assert.equal(red, 'rgb(176, 0, 32)');
	assert.equal(holds(), 'Match'); /* nothing is felt before the restart */
	await go(page, 'phones', 'Phones');
	await banner.getByRole('button', { name: 'Restart' }).click();
	await banner.waitFor({ state: 'detached' });
	await page.getByText('Restarted: TVS, TFTP, CallManager.').waitFor();
	await page.getByRole('cell', { name: 'Mismatch' }).waitFor();
	lab.boot(PHONE);
	await go(page, `phone/${PHONE}`, PHONE);
	await page.locator('.badge', { hasText: 'Match' }).first().waitFor();
	assert.equal(holds(), 'Match');
	await go(page, 'parameters', 'Enterprise Parameters');
	await page.getByRole('row', { name: /anna.*False.*True.*done/ }).first().waitFor();
});

test('nobody\'s change is overwritten unseen', async () => {
	await go(page, 'parameters', 'Enterprise Parameters');
	const days = page.getByRole('textbox', { name: 'CAPF Operation Expires in (days)' });

	await days.fill('20');
	await page.getByRole('button', { name: 'Save', exact: true }).click();
	const dialog = page.getByRole('dialog', { name: 'Save' });

	await dialog.getByRole('button', { name: 'Save' }).and(page.locator(':enabled')).waitFor();
	lab.run('param', 'set', 'CAPF Operation Expires in (days)', '15');
	await dialog.getByRole('button', { name: 'Save' }).click();
	const other = page.getByRole('dialog', { name: 'Somebody else has changed it' });

	await other.getByText('is 15 by now').waitFor();
	assert.equal(lab.json('param', 'get', 'CAPF Operation Expires in (days)').value, '15');
	await other.getByRole('button', { name: 'Set to 20' }).click();
	await dialog.waitFor({ state: 'detached' });
	assert.equal(lab.json('param', 'get', 'CAPF Operation Expires in (days)').value, '20');
	lab.run('param', 'set', ROLLBACK, 'False', '--restart');
	lab.boot(PHONE);
});

test('regenerate: the button is dead before the impact is shown', async () => {
	await go(page, 'certificates/CallManager/CallManager.pem', 'Certificate Management');
	const before = lab.json('cert', 'show', 'CallManager').serial;
	let answer;

	/* Held back, so that one sees the dialog while it waits. */
	const held = new Promise((go) => { answer = go; });

	await page.route('**/api/v1/cert/regenerate', async (route) => {
		await held;
		await route.continue();
	});
	await page.getByRole('main').getByRole('button', { name: 'Regenerate', exact: true }).click();
	const dialog = page.getByRole('dialog', { name: 'Regenerate CallManager' });
	const button = dialog.getByRole('button', { name: 'Regenerate', exact: true });

	await dialog.getByText('Looking what would become of the phones').waitFor();
	assert.ok(await button.isDisabled());
	answer();
	await dialog.getByRole('row', { name: /follow: the signer is in their list/ }).waitFor();
	assert.ok(await button.isEnabled());
	assert.equal(lab.json('cert', 'show', 'CallManager').serial, before);
	await dialog.getByText('Show as command').click();
	await dialog.getByText('trustlist cert regenerate CallManager', { exact: true }).waitFor();
	await dialog.getByText(`curl --cacert tomcat.pem -H "Authorization: Bearer $TOKEN" --json '{"name":"CallManager"}' ${lab.url}api/v1/cert/regenerate`, { exact: true }).waitFor();
	await button.click();
	await dialog.waitFor({ state: 'detached' });
	assert.notEqual(lab.json('cert', 'show', 'CallManager').serial, before);
	await page.unroute('**/api/v1/cert/regenerate');
	await page.getByRole('region', { name: 'Services to restart' }).getByRole('button', { name: 'Restart' }).click();
	await page.getByRole('region', { name: 'Services to restart' }).waitFor({ state: 'detached' });
	lab.boot(PHONE);
});

test('phones would be locked: that must be wanted in so many words', async () => {
	/* ITLRecovery and TVS at once: the phone knows neither the signer nor whom to ask. */
	lab.run('cert', 'regenerate', 'TVS');
	await go(page, 'certificates/ITLRecovery/ITLRecovery.pem', 'Certificate Management');
	const before = lab.json('cert', 'show', 'ITLRecovery').serial;

	await page.getByRole('main').getByRole('button', { name: 'Regenerate', exact: true }).click();
	const dialog = page.getByRole('dialog', { name: 'Regenerate ITLRecovery' });

	await dialog.getByRole('row', { name: /locked: refuse the list.* 1$/ }).waitFor();
	await dialog.getByRole('button', { name: 'Regenerate', exact: true }).click();
	const sure = page.getByRole('dialog', { name: 'Phones would be locked' });

	assert.ok(await sure.getByRole('button', { name: 'Go on' }).isDisabled());
	await sure.getByRole('button', { name: 'Cancel' }).click();
	await dialog.getByText('Called off.').waitFor();
	assert.equal(lab.json('cert', 'show', 'ITLRecovery').serial, before);
	await dialog.getByRole('button', { name: 'Regenerate', exact: true }).click();
	await sure.getByRole('checkbox').check();
	await sure.getByRole('button', { name: 'Go on' }).click();
	await dialog.waitFor({ state: 'detached' });
	assert.notEqual(lab.json('cert', 'show', 'ITLRecovery').serial, before);
	assert.equal(lab.errors.filter((e) => !/409|412/.test(e)).join('\n'), '');
	lab.errors.length = 0;
});

test('events appear as they happen', async () => {
	await go(page, 'events', 'Events');
	await page.getByText('live', { exact: true }).waitFor();
	lab.run('phone', 'add', 'SEP00AABBCCDDEE', '--model', '8861');
	await page.getByRole('row', { name: /phone add.*SEP00AABBCCDDEE/ }).waitFor();
});

test('a dropped ITL is explained, and a cut one too', async () => {
	const itl = fs.readFileSync(path.join(lab.folder, 'phones', PHONE, 'ITLFile.tlv'));
	const drop = (name, bytes) => page.evaluate(([name, list]) => {
		const data = new DataTransfer();

		data.items.add(new File([new Uint8Array(list)], name));
		document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
	}, [name, [...bytes]]);

	await go(page, 'inspector', 'File Inspector');
	await drop('ITLFile.tlv', itl);
	await page.getByRole('heading', { name: 'ITLFile.tlv' }).waitFor();
	await page.getByText('trust list').first().waitFor();
	await page.getByText('none', { exact: true }).waitFor();
	await page.getByRole('button', { name: 'header', exact: true }).first().click();
	await drop('cut.tlv', itl.subarray(0, 2000));
	await page.getByRole('heading', { name: 'cut.tlv' }).waitFor();
	await page.getByText(/^[1-9]\d* problems?$/).waitFor();
	await page.getByText(/^At byte \d+$/).first().waitFor();
});

test('a list of the history is downloaded as it was served', async () => {
	await go(page, 'lists/itl?number=1', 'Trust Lists');
	await page.getByText('verified', { exact: true }).or(page.getByText('not verified')).first().waitFor();
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click()]);
	const name = path.join(lab.folder, 'one.tlv');

	await file.saveAs(name);
	assert.equal(lab.json('file', 'inspect', name).problems, 0);
	assert.equal(fs.statSync(name).size, lab.json('itl', 'show', '--number', '1').length);
});

test('CAPF: scheduled on the phone page, with a string that is shown', async () => {
	await go(page, 'phone/SEP00AABBCCDDEE', 'SEP00AABBCCDDEE');
	await page.getByLabel('Certificate Operation', { exact: true }).selectOption('Install/Upgrade');
	await page.getByRole('button', { name: 'Generate String' }).click();
	const string = await page.getByLabel('Authentication String', { exact: true }).inputValue();

	assert.match(string, /^\d{10}$/);
	assert.equal(await page.getByLabel('Authentication Mode').inputValue(), 'string');
	await page.getByRole('button', { name: 'Save' }).click();
	await page.getByRole('button', { name: 'Show the one that waits' }).and(page.locator(':enabled')).waitFor();
	assert.equal(lab.json('capf', 'string', 'SEP00AABBCCDDEE').auth_string, string);
	await go(page, 'capf?pending=1', 'CAPF');
	await page.getByRole('row', { name: /SEP00AABBCCDDEE.*Install\/Upgrade.*By Authentication String/ }).waitFor();
});

test('a rehearsal runs, tells how it goes on, and is drawn', async () => {
	await go(page, 'rehearsal/S02', 'Rehearsal');
	await page.getByLabel('Phones', { exact: true }).fill('6');
	await page.getByRole('button', { name: 'Run' }).click();
	await page.getByRole('region', { name: 'progress' }).waitFor();
	await page.getByRole('heading', { name: /the procedure\s*GO/ }).waitFor({ timeout: 120000 });
	const chart = page.getByRole('img', { name: /^the procedure: phones by state/ });

	assert.match(await chart.getAttribute('aria-label'), /6 trusted, A/);
	assert.ok(await chart.locator('rect').count() > 0);
	const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download the report (HTML)' }).click()]);

	assert.match(fs.readFileSync(await file.path(), 'utf8'), /^<!DOCTYPE html>/i);
});

test('a backup is made, downloaded and verified', async () => {
	await go(page, 'backup', 'Backup');
	await page.getByLabel('Passphrase').first().fill('correct horse battery');
	const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60000 }), page.getByRole('button', { name: 'Create and download' }).click()]);
	const name = path.join(lab.folder, 'page.backup');

	await file.saveAs(name);
	await page.locator('input[type=file]').setInputFiles(name);
	await page.getByLabel('Passphrase').last().fill('correct horse battery');
	await page.getByRole('button', { name: 'Verify', exact: true }).click();
	await page.getByText('verified, every byte').waitFor();
});

test('users come and go, and a token is shown once', async () => {
	await go(page, 'users', 'Users and Audit');
	await page.getByRole('button', { name: 'Add New' }).click();
	await page.getByLabel('User*').or(page.getByLabel('User', { exact: true })).first().fill('berta');
	await page.getByLabel(/^Password/).fill('a password of hers');
	await page.getByRole('button', { name: 'Add', exact: true }).click();
	await page.getByRole('button', { name: 'Change berta' }).waitFor();
	await page.getByRole('button', { name: 'New token' }).click();
	await page.getByLabel(/What it is for/).fill('tests');
	await page.getByRole('button', { name: 'Make' }).click();
	await page.getByText(/^tl_[\w-]{43}$/).waitFor();
	await page.getByRole('button', { name: 'Close' }).click();
	await page.getByRole('button', { name: 'Delete berta' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
	await page.getByRole('button', { name: 'Delete berta' }).waitFor({ state: 'detached' });
	assert.deepEqual(lab.json('user', 'list').users.map((u) => u.name), ['anna', 'otto', 'rita']);
});

test('a session that is over asks to log in, and the screen is there again', async () => {
	await go(page, 'lists/history', 'Trust Lists');
	await page.context().clearCookies();
	await page.getByRole('link', { name: 'Phones', exact: true }).click();
	await page.getByRole('button', { name: 'Log in' }).waitFor();
	await page.getByLabel('User').fill('otto');
	await page.getByLabel('Password').fill('wrong');
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.getByRole('alert').waitFor();
	await page.getByLabel('Password').fill('correct horse battery');
	await page.getByRole('button', { name: 'Log in' }).click();
	await page.getByRole('heading', { name: 'Phones', level: 1 }).waitFor();
});
