// The same chain id, fork and accounts as the development node; nothing is compiled here.
module.exports = {
  networks: {
    hardhat: {
      chainId: 31337,
      hardfork: "cancun",
      accounts: { count: 31 },
      blockGasLimit: 30000000,
    },
  },
  solidity: "0.8.28",
};
