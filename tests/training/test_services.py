"""The loggers of Weights & Biases, MLflow and Trackio, without a network."""

import importlib.util
import json

import optax
import pytest

from mtljax import backbones, data, sharing, surgery, training

DIGITS = data.digits(train=64, validation=16, test=16)
MODEL = sharing.hard(backbones.mlp((8,)), DIGITS.heads)
TX = optax.chain(surgery.on_shared(surgery.watch(surgery.pcgrad())), optax.adam(1e-2))
SIZE = {'steps': 8, 'batch_size': 16, 'log_every': 2, 'eval_every': 4}

pytestmark = pytest.mark.filterwarnings('default')  # the services warn of their own packages


def needs(package):
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f'make test-extras tests this: {package}')


def train(workdir, logger, **more):
    return training.train(MODEL, DIGITS, TX, **SIZE, workdir=workdir, loggers=[logger], **more)


def interrupted(workdir, logger):
    """Train a run in two parts: the second one repeats the row of step 6."""
    (workdir / 'config.json').write_text(json.dumps({'surgery': {'fn': 'mtljax.surgery:watch'}}))
    rows = []

    def stop():
        rows.append(1)
        return len(rows) == 3

    with pytest.raises(training.StoppedError):
        train(workdir, logger, stop=stop)
    ids = json.loads((workdir / 'loggers.json').read_text())
    result = train(workdir, logger)
    assert json.loads((workdir / 'loggers.json').read_text()) == ids
    return result, *ids.values()


def logged(history, name):
    return [(row['step'], row[name]) for row in history if name in row]


@pytest.fixture
def silent(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ('WANDB_SILENT', 'WANDB_CONSOLE'):
        monkeypatch.setenv(name, {'WANDB_SILENT': 'true'}.get(name, 'off'))


@needs('mlflow')
def test_mlflow(tmp_path, caplog):
    import mlflow

    address = f'sqlite:///{tmp_path}/mlflow.db'
    logger = training.log_to_mlflow('digits', tracking_uri=address, run_name='mine')
    result, run_id = interrupted(tmp_path, logger)
    client = mlflow.MlflowClient(tracking_uri=address)
    run = client.get_run(run_id)
    assert (run.info.status, run.info.run_name) == ('FINISHED', 'mine')
    assert 'mtljax.surgery:watch' in run.data.tags['config']
    for name in ('loss/left', 'validation/right/accuracy', 'cosine/all/left~right'):
        known = name.replace('~', '_')
        found = [(row.step, row.value) for row in client.get_metric_history(run_id, known)]
        assert found == logged(result.history, name)
    assert 'failed' not in caplog.text


@needs('wandb')
@pytest.mark.usefixtures('silent')
def test_wandb_offline(tmp_path, caplog):
    result, run_id = interrupted(tmp_path, training.log_to_wandb('digits', mode='offline'))
    files = sorted((tmp_path / 'wandb').glob(f'offline-run-*/run-{run_id}.wandb'))
    assert len(files) == 2
    content = b''.join(file.read_bytes() for file in files)
    for name in ('loss/left', 'validation/right/accuracy', 'cosine/all/left~right'):
        assert name.encode() in content
        assert str(logged(result.history, name)[-1][1]).encode() in content
    assert b'mtljax.surgery:watch' in content
    assert 'failed' not in caplog.text


@needs('trackio')
def test_trackio_on_this_machine(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv('TRACKIO_DIR', str(tmp_path / 'trackio'))
    result, name = interrupted(tmp_path, training.log_to_trackio('digits'))
    from trackio.sqlite_storage import SQLiteStorage

    assert SQLiteStorage.get_runs('digits') == [name]
    rows = SQLiteStorage.get_logs('digits', name)
    for metric in ('loss/left', 'validation/right/accuracy', 'cosine/all/left~right'):
        found = [(row['step'], row[metric]) for row in rows if metric in row]
        assert found == logged(result.history, metric)
    config = SQLiteStorage.get_run_config('digits', name)
    assert config['surgery'] == {'fn': 'mtljax.surgery:watch'}
    assert 'failed' not in caplog.text


@needs('trackio')
def test_seeds_of_one_program_have_a_run_each_in_trackio(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv('TRACKIO_DIR', str(tmp_path / 'trackio'))
    loggers = [training.log_to_trackio('seeds')]
    training.train_seeds(MODEL, DIGITS, TX, seeds=(0, 1), together=True, loggers=loggers, **SIZE)
    from trackio.sqlite_storage import SQLiteStorage

    names = SQLiteStorage.get_runs('seeds')
    assert len(names) == 2
    seeds = {SQLiteStorage.get_run_config('seeds', name)['seed'] for name in names}
    assert seeds == {0, 1}
    assert all(len(SQLiteStorage.get_logs('seeds', name)) == 6 for name in names)
    assert 'failed' not in caplog.text


@needs('wandb')
@pytest.mark.usefixtures('silent')
def test_seeds_of_one_program_have_a_run_each_in_wandb(tmp_path, caplog):
    loggers = [training.log_to_wandb('seeds', mode='offline', dir=str(tmp_path))]
    training.train_seeds(MODEL, DIGITS, TX, seeds=(0, 1), together=True, loggers=loggers, **SIZE)
    assert len([*(tmp_path / 'wandb').glob('offline-run-*/*.wandb')]) == 2
    assert 'failed' not in caplog.text
